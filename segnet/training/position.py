"""The position of a run: plain numbers which, with the config, determine everything that follows."""

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Position:
    """Where a run stands between two optimiser steps.

    Attributes:
        epoch: complete epochs, and so the index of the current one.
        samples: samples of the current epoch so far, over all processes.
        samples_without_loss: samples among them whose loss was not finite.
        step: optimiser steps since the start of the run.
        loss_sum: sum of the loss over all other samples.
        seconds: time that the current epoch has taken.
        seconds_of_run: time that the run has taken, measurements included.
        seconds_of_measuring: time that the last measurement on the val split has taken.
        planned_steps: steps of the whole run, if hours limit it; 0 before the first plan.
        best: highest value of the task's monitored measure so far.
        best_epoch: the epoch of that value.
        measurements_since_best: measurements since then.
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
        """Mean loss of the current epoch; NaN if no sample has a loss."""
        samples = self.samples - self.samples_without_loss
        return self.loss_sum / samples if samples else math.nan

    def next_epoch(self) -> None:
        self.epoch += 1
        self.samples = 0
        self.samples_without_loss = 0
        self.loss_sum = 0.0
        self.seconds = 0.0

    def record(self, value: float) -> bool:
        """Record a measurement; True if it is the best so far."""
        if value > self.best:
            self.best, self.best_epoch, self.measurements_since_best = value, self.epoch, 0
            return True
        self.measurements_since_best += 1
        return False
