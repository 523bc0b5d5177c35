"""A grid: every combination of the choices with several seeds, and the mean and spread over the seeds."""

import itertools
import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from segnet.errors import UserError
from segnet.tuning.space import Range, Space

SEED = "seed"
SEEDS = Range(low=0, high=2**31 - 1)
"""Whole numbers of any size, so that seeds can be added to a study."""


def with_seeds(space: Space) -> Space:
    """The space of a grid: the choices and the seed.

    Raises:
        UserError: a setting has a range, or is the seed.
    """
    for key, values in space.items():
        if isinstance(values, Range):
            raise UserError(f"{key}: is a range, and --seeds takes every one of some choices, as in {key}=[1,2]")
    if SEED in space:
        raise UserError("seed: varies already, by --seeds; leave it out of --vary and --space")
    return {**space, SEED: SEEDS}


def queue(study: optuna.Study, space: Space, seeds: int) -> int:
    """Queue every combination with every seed in the study, except those that it has already.

    Returns:
        The number of trials of the whole grid.
    """
    choices = [[(key, json.dumps(value)) for value in values] for key, values in space.items() if values is not SEEDS]
    points = [dict(combination) | {SEED: seed} for combination in itertools.product(*choices) for seed in range(seeds)]
    for point in points:
        study.enqueue_trial(point, skip_if_exists=True)
    return len(points)


@dataclass
class Group:
    """The trials of one combination of settings.

    Attributes:
        settings: all but the seed.
        values: results of the complete trials, by seed.
    """

    settings: dict[str, Any]
    values: dict[int, float]

    @property
    def mean(self) -> float:
        return statistics.mean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the values of the seeds (of a sample); None for one seed."""
        return statistics.stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def range(self) -> tuple[float, float]:
        return min(self.values.values()), max(self.values.values())


def groups(trials: Sequence[FrozenTrial]) -> list[Group]:
    """The combinations that have a complete trial, the highest mean first."""
    found: dict[str, Group] = {}
    for trial, settings in complete(trials):
        seed = settings.pop(SEED)
        group = found.setdefault(json.dumps(settings), Group(settings, {}))
        group.values[seed] = trial.value or 0.0
    return sorted(found.values(), key=lambda group: -group.mean)


def complete(trials: Sequence[FrozenTrial]) -> Iterator[tuple[FrozenTrial, dict[str, Any]]]:
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            yield trial, dict(trial.user_attrs["settings"])
