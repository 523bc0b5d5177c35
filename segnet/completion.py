"""Completion with the Tab key: configs, their settings, models and runs, besides commands, options and files.

The shell calls ``segnet`` through argcomplete each time the key is pressed, so this module does not import PyTorch.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from segnet.model_files import packaged_models

if TYPE_CHECKING:
    from pydantic import BaseModel

Complete = Callable[..., Iterable[str]]
"""Maps the beginning of a word, ``prefix``, to possible words."""


def asked_command(commands: Iterable[str]) -> str | None:
    """The command on the line that the shell asks about; None if there is no such line or command."""
    line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", 0))]
    words = (word for word in line.split()[1:] if not word.startswith("-"))
    return next((word for word in words if word in commands), None)


def answer_shell(parser: argparse.ArgumentParser, subparser: argparse.ArgumentParser | None) -> None:
    """Print the matches, and end the program."""
    import argcomplete

    for action in subparser._actions if subparser else ():
        offer = COMPLETERS.get(str(action.metavar)) or COMPLETERS.get(action.dest)
        if offer is not None:
            action.completer = offer  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options=False)


def models(prefix: str, **_: object) -> list[str]:
    """Models that come with the package, runs under ``runs/``, and exported files."""
    own = runs(prefix)
    return [
        *packaged_models(),
        *own,
        *(name for name in files(prefix, (".onnx", ".xml")) if name.rstrip("/") not in own),
    ]


def runs(prefix: str, **_: object) -> list[str]:
    """Folders under ``runs/`` that hold a training's settings, and deeper folders."""
    found = [path.parent.as_posix() for path in Path().glob("runs/*/config.yaml")]
    return found if any(run.startswith(prefix) for run in found) else files(prefix, ())


def configs(prefix: str, **_: object) -> list[str]:
    """Configs that come with the package, and YAML files."""
    from segnet.config_names import config_names

    return [*config_names(), *files(prefix, (".yaml", ".yml"))]


def files(prefix: str, suffixes: Sequence[str]) -> list[str]:
    """Files with one of the ``suffixes``, and folders."""
    from argcomplete.completers import FilesCompleter

    return list(FilesCompleter(suffixes or (".no-such-file",))(prefix))


def settings(prefix: str, **_: object) -> list[str]:
    """``optimizer.lr=``; after the ``=``, the values if they are few."""
    from segnet.config import Config

    found: dict[str, list[str]] = {}
    for key, values in settings_of(Config):
        # Kinds of a setting that differ by their name share this key.
        found.setdefault(key, []).extend(value for value in values if value not in found.get(key, []))
    key, equals, _value = prefix.partition("=")
    return [f"{key}={value}" for value in found.get(key, [])] if equals else [f"{key}=" for key in found]


def settings_of(model: "type[BaseModel]", before: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every setting inside ``model``, with its dotted key and, if they are few, its values."""
    from segnet.config_file import models_in

    for name, field in model.model_fields.items():
        kinds = list(models_in(field.annotation))
        # The first item of a list has the index 0.
        index = ".0" if get_origin(field.annotation) is list else ""
        for kind in kinds:
            yield from settings_of(kind, f"{before}{name}{index}.")
        if not kinds:
            yield f"{before}{name}", few_values(field.annotation)


def few_values(annotation: Any) -> list[str]:
    parts = [annotation, *get_args(annotation)]
    values = [str(value) for part in parts if get_origin(part) is Literal for value in get_args(part)]
    return values + [word for word in ("true", "false") if bool in parts]


def words(*known: str) -> Complete:
    return lambda **_: known


COMPLETERS: dict[str, Complete] = {
    "model": models,
    "models": models,
    "RUN": runs,
    "config": configs,
    "loading": configs,
    "settings": settings,
    "vary": settings,
    "split": words("train", "val", "test"),
    "backend": words("auto", "torch", "torch-compiled", "onnxruntime", "openvino"),
    "precision": words("auto", "fp32", "bf16"),
    "device": words("auto", "cpu", "cuda"),
    "license": words("mit", "apache-2.0", "cc-by-4.0", "cc-by-nc-4.0", "other", "unknown"),
}
"""By the argument's metavar or destination."""
