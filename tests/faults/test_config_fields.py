"""Every setting by itself, at its bounds and beyond, with numbers and texts that other programs trip over."""

import contextlib
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import pytest
from pydantic import BaseModel

from segnet.config import READ_BY_DATA, READ_BY_TASKS, Config
from segnet.config_file import dump_config, load_config, parse_config, parse_yaml
from segnet.errors import UserError
from tests.faults.programs import segnet
from tests.faults.rows import Row, fault


class Setting(NamedTuple):
    """A number or a text of a config.

    Attributes:
        key: where it is.
        kind: its type.
        bounds: of its value.
        tree: the config's part with a value in it.
    """

    key: str
    kind: type
    bounds: tuple[Any, ...]
    tree: Callable[[Any], Any]


REQUIRED: dict[str, Any] = {
    "epochs": 1,
    "teacher": "run",
    "strengths": [0.1],
    "model": {"name": "segnet"},
    "training": {"epochs": 1},
}


def settings_in(annotation: Any, bounds: tuple[Any, ...] = ()) -> Iterator[Setting]:
    """Every number and text, in lists and tuples the first."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in (int, float, str):
        yield Setting("", annotation, bounds, lambda value: value)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from settings_of(annotation)
    elif origin is Annotated:
        # Of Field(ge=..., le=...) pydantic keeps the bounds in its metadata.
        found = [bound for part in inner[1:] for bound in getattr(part, "metadata", [part])]
        yield from settings_in(inner[0], (*bounds, *found))
    elif origin is list or origin is tuple:
        length = len(inner) if origin is tuple else 1
        for key, kind, limits, tree in settings_in(inner[0]):
            yield Setting(f"0.{key}", kind, limits, partial(times_in_list, length, tree))
    elif origin is dict and inner[1] is not Any:
        for key, kind, limits, tree in settings_in(inner[1]):
            yield Setting(f"a.{key}", kind, limits, partial(within, {}, "a", tree))
    elif origin is not Literal and origin is not dict:
        for choice in inner:
            yield from settings_in(choice, bounds)


def settings_of(model: type[BaseModel]) -> Iterator[Setting]:
    needed = {name: REQUIRED[name] for name in model.model_fields.keys() & REQUIRED.keys()}
    if "name" in model.model_fields:
        needed["name"] = (get_args(model.model_fields["name"].annotation) or ("segnet",))[0]
    for name, field in model.model_fields.items():
        for key, kind, bounds, tree in settings_in(field.annotation, tuple(field.metadata)):
            place = f"{name}.{key}".rstrip(".")
            yield Setting(place, kind, bounds, partial(within, needed, name, tree))


def within(needed: dict[str, Any], name: str, tree: Callable[[Any], Any], value: Any) -> dict[str, Any]:
    return {**needed, name: tree(value)}


def times_in_list(length: int, tree: Callable[[Any], Any], value: Any) -> list[Any]:
    return [tree(value)] * length


SETTINGS = list({setting.key: setting for setting in settings_of(Config)}.values())
NUMBERS = [setting for setting in SETTINGS if setting.kind is not str]
TEXTS = [setting for setting in SETTINGS if setting.kind is str]


def config_with(setting: Setting, value: Any) -> dict[str, Any]:
    """A config in which something reads the setting, with this value."""
    tree: dict[str, Any] = setting.tree(value)
    first, _, second = setting.key.partition(".")
    task = READ_BY_TASKS.get(first, ("segmentation",))[0]
    data = {"name": "camvid" if task == "segmentation" else "digits", **tree.get("data", {})}
    if first == "data" and (kinds := READ_BY_DATA.get(second.split(".")[0])):
        data["name"] = kinds[0]
        task = "reconstruction" if kinds[0] == "patches" else "segmentation"
    return {**tree, "task": task, "data": data}


def bound(setting: Setting, *names: str) -> tuple[Any, bool]:
    """The bound of one of these names, and whether it may be reached."""
    found = [(name, getattr(each, name)) for each in setting.bounds for name in names if hasattr(each, name)]
    assert found, f"{setting.key} has no bound of {names}"
    name, value = found[0]
    return setting.kind(value), name.endswith("e")


def ends(setting: Setting) -> list[tuple[Any, Any]]:
    """At either end the last number that may be, and the first that may not."""
    pairs = []
    for names, direction in ((("ge", "gt"), -1), (("le", "lt"), 1)):
        value, reached = bound(setting, *names)
        if setting.kind is int:
            beyond, before = value + direction, value - direction
        else:
            beyond, before = (math.nextafter(value, sign * math.inf) for sign in (direction, -direction))
        pairs.append((value, beyond) if reached else (before, value))
    return pairs


def read_back(setting: Setting, value: Any) -> None:
    config = parse_config(config_with(setting, value), "config.yaml")
    assert parse_config(parse_yaml(dump_config(config)), "again") == config


def refusal(setting: Setting, value: Any) -> str:
    with pytest.raises(UserError) as error:
        parse_config(config_with(setting, value), "config.yaml")
    return str(error.value)


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.key)
@fault(
    "Config",
    "every number of a config at its bounds, just beyond, infinite, NaN, or with 400 digits",
    shown="config.yaml: …",
    kept="each number has bounds. A number within them is read back unchanged; any other is named by its key",
)
def test_every_number_is_read_back_or_named(setting: Setting, row: Row) -> None:
    for last, beyond in ends(setting):
        read_back(setting, last)
        for wrong in (beyond, math.inf, -math.inf, math.nan, 10**400, -(10**400)):
            line = refusal(setting, wrong)
            row.check_line(line)
            assert setting.key.removesuffix(".0") in line


ODD_TEXTS = [
    *(
        "",
        " ",
        " a ",
        "a\n b",
        "a\tb",
        "null",
        "~",
        "yes",
        "3e-4",
        "0x1F",
        "1:30",
        "1_000",
        "2020-01-01",
        ".inf",
        "=",
        "<<",
    ),
    *(
        "a: b",
        "# a",
        "- a",
        "'",
        '"',
        "\\",
        "{a}",
        "[a",
        "*a",
        "&a",
        "!!int 3",
        "%a",
        "@a",
        "`",
        "|",
        ">",
        "---",
        "...",
    ),
    *("é", "東京", "\x85", "\u2028", "\ufeff", "\ufffe", "\x07", "\x1b[31m", "\U0001f408", "a" * 3000),
]


@pytest.mark.parametrize("setting", TEXTS, ids=lambda setting: setting.key)
@fault(
    "Config",
    "text in a config that YAML would read as another type, or with control characters, NUL or surrogates",
    shown="config.yaml: …",
    kept="accepted text is read back unchanged; NUL and surrogates are named by their key",
)
def test_every_text_is_read_back_or_named(setting: Setting, row: Row) -> None:
    taken = 0
    for text in ODD_TEXTS:
        with contextlib.suppress(UserError):
            read_back(setting, text)
            taken += 1
    assert taken or setting.key == "name"
    for wrong in ("a\0b", "\udcff", "\ud800", "a" * 100_000):
        line = refusal(setting, wrong)
        row.check_line(line)
        assert setting.key in line


@fault(
    "Config",
    "a key that occurs twice in a mapping of a config; YAML itself takes the last",
    shown="config.yaml: not valid YAML: lr occurs twice, first in line 5; remove one in …, line 7…",
    kept="neither value is used",
)
def test_a_key_that_occurs_twice_is_refused(tmp_path: Path, row: Row) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "model: {name: segnet}\ntraining: {epochs: 1}\noptimizer:\n  name: adamw\n  lr: 1\n  weight_decay: 0\n  lr: 2\n"
    )
    with pytest.raises(UserError) as error:
        load_config(path)
    row.check_line(str(error.value))
    path.write_text("model: {name: segnet}\ntraining: {epochs: 1}\n")
    with pytest.raises(UserError, match="not valid YAML"):
        load_config(path, ["optimizer={lr: 1, lr: 2}"])


@pytest.mark.parametrize(
    "value",
    ["2020-01-01", "!!binary aGk=", "{1: 2}", "{2020-01-01: 2}", "!!set {a, b}", "[" * 11 + "]" * 11],
)
@pytest.mark.parametrize("key", ["model.x", "augmentation"])
@fault(
    "Config",
    "YAML types that JSON does not have, where any plain value is accepted: dates, bytes, sets, numbers "
    "as keys, deep lists",
    shown="config.yaml: …",
    kept="it is never written as something else",
)
def test_types_that_json_lacks_are_refused(key: str, value: str, tmp_path: Path, row: Row) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("model: {name: segnet}\ntraining: {epochs: 1}\n")
    given = f"model.x={value}" if key == "model.x" else f"augmentation=[{{HorizontalFlip: {{p: {value}}}}}]"
    with pytest.raises(UserError) as error:
        load_config(path, [given])
    row.check_line(str(error.value))
    assert key in str(error.value)


@fault(
    "Config",
    "a config file of megabytes",
    shown="over 200000 letters, but a config is a page or two; give another file",
    kept="reading stops at the limit",
)
def test_a_huge_config_is_refused_without_reading_on(tmp_path: Path, row: Row) -> None:
    (tmp_path / "config.yaml").write_text("a" * 2**20)
    row.check(*segnet("train", "--config", tmp_path / "config.yaml"))
