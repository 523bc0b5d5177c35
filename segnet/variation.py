"""Settings that vary between the runs of a sweep or a search: how they are written, and the config they give."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from segnet.config import Config
from segnet.config_file import load_config, parse_yaml
from segnet.errors import UserError


def parse_vary(text: str, example: str) -> tuple[str, Any]:
    """``key=VALUE`` taken apart; the value is YAML.

    Raises:
        UserError: it is no such text; ``example`` shows one.
    """
    key, _, value = text.partition("=")
    try:
        parsed = parse_yaml(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        parsed = None
    if not key or parsed is None:
        raise UserError(f"--vary {text}: expected {example}")
    return key, parsed


def varied_config(path: str, overrides: Sequence[str], settings: Mapping[str, Any], name: str) -> Config:
    """The config file with settings replaced, in a run folder of its own below one named after the config.

    Args:
        path: of the config file.
        overrides: ``key=value`` of all runs.
        settings: those of this run, by key.
        name: ends the run folder's name: ``-sweep/3-seed0`` gives ``CONFIG-sweep/3-seed0``.

    Raises:
        UserError: a key or a value is wrong.
    """
    config = load_config(path, [*overrides, *(f"{key}={json.dumps(value)}" for key, value in settings.items())])
    return config.model_copy(update={"name": config.name + name})
