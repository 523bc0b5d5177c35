"""The position of a run: plain numbers that, with the config, determine everything that follows."""

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Position:
    """Where a run stands between two optimiser steps.

    Attributes:
        epoch: epochs that are complete, and so the number of the one that is under way.
        samples: samples of that epoch that are behind, over all processes.
        samples_without_loss: those of them whose loss was not finite.
        step: optimiser steps since the beginning of the run.
        loss_sum: sum of the loss over the others.
        seconds: time that the epoch has taken.
        seconds_of_run: time that the run has taken, measurements included.
        seconds_of_measuring: time that the last measurement on the val split has taken.
        planned_steps: steps of the whole run, where hours decide; 0 before the first plan.
        best: highest value of the task's monitored measure so far.
        best_epoch: the epoch that gave it.
        measurements_since_best: validations since then.
    """

    epoch: int = 0
    samples: int = 0
    samples_without_loss: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    seconds_of_run: float = 0.0
    seconds_of_measuring: float = 0.0
    planned_steps: int = 0
    best: float = -math.inf
    best_epoch: int = -1
    measurements_since_best: int = 0

    def state_dict(self) -> dict[str, Any]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def mean_loss(self) -> float:
        """Of the epoch so far; NaN where no sample has a loss."""
        samples = self.samples - self.samples_without_loss
        return self.loss_sum / samples if samples else math.nan

    def next_epoch(self) -> None:
        self.epoch += 1
        self.samples = 0
        self.samples_without_loss = 0
        self.loss_sum = 0.0
        self.seconds = 0.0

    def record(self, value: float) -> bool:
        """Take note of a validation; True where it is the best so far."""
        if value > self.best:
            self.best, self.best_epoch, self.measurements_since_best = value, self.epoch, 0
            return True
        self.measurements_since_best += 1
        return False
