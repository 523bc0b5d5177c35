"""The search space: for each setting its choices, or a range of numbers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from segnet.config_file import parse_yaml, read_yaml
from segnet.errors import UserError

if TYPE_CHECKING:
    import optuna

EXAMPLE = (
    "choices, as in model.dropout=[0,0.1,0.2], or a range, as in 'optimizer.lr={low: 1e-4, high: 1e-1, log: true}'"
)


class Range(BaseModel):
    """Numbers from ``low`` to ``high``, both included. If both are whole, so are the numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    @model_validator(mode="after")
    def makes_sense(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low has to be less than high")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log takes a low above 0 and no step")
        if self.step is not None and self.step <= 0:
            raise ValueError("step has to be above 0")
        return self


PLACES = ("name", "runs")
"""Settings that say where a run is written."""

Space = dict[str, list[Any] | Range]


def read_space(file: Path | None, vary: list[str]) -> Space:
    """Read the space from a YAML file (settings to choices or ranges) and the command line, which wins.

    Raises:
        UserError: there is no setting, or one has neither choices nor a range.
    """
    given = dict(read_yaml(file)) if file else {}
    given |= dict(map(parse_vary, vary))
    if not given:
        raise UserError(f"nothing to search: name settings with --vary or --space; {EXAMPLE}")
    return {key: dimension(key, value) for key, value in given.items()}


def parse_vary(text: str) -> tuple[str, Any]:
    """Split ``key=VALUE``; the value is YAML."""
    key, _, value = text.partition("=")
    try:
        parsed = parse_yaml(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        parsed = None
    if not key or parsed is None:
        raise UserError(f"--vary {text}: expected {EXAMPLE}")
    return key, parsed


def dimension(key: str, value: Any) -> list[Any] | Range:
    if key in PLACES:
        raise UserError(f"{key}: says where the trials are written, so it cannot vary; set {key}=VALUE for all of them")
    if isinstance(value, list) and value:
        return value
    if not isinstance(value, dict):
        raise UserError(f"{key}: found {value!r}; expected {EXAMPLE}")
    try:
        return Range.model_validate(value)
    except ValidationError as error:
        detail = error.errors()[0]
        place = ".".join(map(str, (key, *detail["loc"][:1])))
        raise UserError(f"{place}: {detail['msg'].removeprefix('Value error, ')}; expected {EXAMPLE}") from None


def first_point(space: Space) -> dict[str, Any]:
    """One point of the space, to check the config before anything is trained."""
    return {key: values.low if isinstance(values, Range) else values[0] for key, values in space.items()}


def suggest(trial: "optuna.Trial", space: Space) -> dict[str, Any]:
    """The settings of a trial. Optuna gets choices as JSON text, since they may be lists."""
    return {key: suggest_one(trial, key, values) for key, values in space.items()}


def suggest_one(trial: "optuna.Trial", key: str, values: list[Any] | Range) -> Any:
    if not isinstance(values, Range):
        return json.loads(trial.suggest_categorical(key, [json.dumps(value) for value in values]))
    if isinstance(values.low, int) and isinstance(values.high, int) and isinstance(values.step, int | None):
        return trial.suggest_int(key, values.low, values.high, step=values.step or 1, log=values.log)
    return trial.suggest_float(key, values.low, values.high, step=values.step, log=values.log)


def as_json(space: Space) -> str:
    plain = {key: value.model_dump() if isinstance(value, Range) else value for key, value in space.items()}
    return json.dumps(plain, sort_keys=True)
