"""The length of a run: its epochs, or the steps that fit into the given hours."""

import time
from collections.abc import Callable

from segnet.config import TrainingConfig
from segnet.rounding import ceil_div
from segnet.training.position import Position

FIRST_STEPS = 10
"""Steps before the first plan."""
TOLERANCE = 0.01
"""If a plan would miss the hours by more than this share of them, a new plan is made."""


class Length:
    """The number of steps of a run, and when it is over.

    With ``training.hours`` the steps are planned from the time of the steps so far, including measurements and saves.
    The plan is part of the position, so a resumed run goes on with the same plan and the same learning rates. A new
    plan is made only if the old one would miss the hours. On a machine of steady speed the plan never changes.

    Args:
        settings: ``epochs`` or ``hours``.
        steps_per_epoch: optimiser steps.
        position: position of the run, which holds ``seconds_of_run``, ``seconds_of_measuring`` and ``planned_steps``.
        agree: gives the mean of a number over the processes.
    """

    def __init__(
        self, settings: TrainingConfig, steps_per_epoch: int, position: Position, agree: Callable[[float], float]
    ) -> None:
        self.settings, self.steps_per_epoch, self.position, self.agree = settings, steps_per_epoch, position, agree
        self.last_look = time.monotonic()

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run; None before the first plan."""
        if self.settings.hours is None:
            return self.settings.epochs * self.steps_per_epoch
        return self.position.planned_steps or None

    @property
    def epochs(self) -> int | None:
        """Epochs of the whole run, the last of which may be incomplete; None before the first plan."""
        return None if self.total_steps is None else ceil_div(self.total_steps, self.steps_per_epoch)

    def is_over(self) -> bool:
        if self.settings.hours is None:
            return self.position.epoch >= self.settings.epochs
        return self.total_steps is not None and self.position.step >= self.total_steps

    def is_last_epoch(self) -> bool:
        """Whether the epoch that has just been trained is the last."""
        return self.is_over() if self.settings.hours else self.position.epoch + 1 == self.settings.epochs

    def begin(self) -> None:
        """Start the clock."""
        self.last_look = time.monotonic()

    def look(self) -> None:
        """Count the time since the last call, and plan again if that is needed."""
        now = time.monotonic()
        self.position.seconds_of_run += now - self.last_look
        self.last_look = now
        if self.settings.hours and self.position.step >= FIRST_STEPS:
            self.plan(3600 * self.settings.hours)

    def plan(self, seconds: float) -> None:
        position = self.position
        position.seconds_of_run = self.agree(position.seconds_of_run)
        # The last measurement comes after the last step.
        left = seconds - position.seconds_of_run - self.agree(position.seconds_of_measuring)
        step_seconds = position.seconds_of_run / position.step
        missed = (position.planned_steps - position.step) * step_seconds - left
        if position.planned_steps == 0 or abs(missed) > TOLERANCE * seconds:
            position.planned_steps = position.step + max(0, round(left / step_seconds))
