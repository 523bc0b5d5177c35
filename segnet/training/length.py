"""The length of a run: its epochs, or the steps that fit into the given hours."""

import time
from collections.abc import Callable

from segnet.config import TrainingConfig
from segnet.rounding import ceil_div
from segnet.training.position import Position

FIRST_STEPS = 10
"""Steps before the first plan."""
TOLERANCE = 0.01
"""Share of the hours by which a plan may miss them before it is made anew."""


class Length:
    """The number of steps of a run, and when it is over.

    With ``training.hours`` the steps are planned from the time that those behind have taken, measurements and saves
    included. The plan is part of the position: a resumed run goes on with it, and so with the same learning rates. It
    is made anew only where it would miss the hours, so on a machine of steady speed it stays what it was.

    Args:
        settings: ``epochs`` or ``hours``.
        steps_per_epoch: optimiser steps.
        position: of the run; ``seconds_of_run``, ``seconds_of_measuring`` and ``planned_steps`` are kept here.
        agree: the mean of a number over the processes.
    """

    def __init__(
        self, settings: TrainingConfig, steps_per_epoch: int, position: Position, agree: Callable[[float], float]
    ) -> None:
        self.settings, self.steps_per_epoch, self.position, self.agree = settings, steps_per_epoch, position, agree
        self.last_look = time.monotonic()

    @property
    def total_steps(self) -> int | None:
        """Of the whole run; None before the first plan."""
        if self.settings.hours is None:
            return self.settings.epochs * self.steps_per_epoch
        return self.position.planned_steps or None

    @property
    def epochs(self) -> int | None:
        """Of the whole run, the last of which may be a part of one; None before the first plan."""
        return None if self.total_steps is None else ceil_div(self.total_steps, self.steps_per_epoch)

    def is_over(self) -> bool:
        if self.settings.hours is None:
            return self.position.epoch >= self.settings.epochs
        return self.total_steps is not None and self.position.step >= self.total_steps

    def is_last_epoch(self) -> bool:
        """Whether the epoch that has just been trained is the last."""
        return self.is_over() if self.settings.hours else self.position.epoch + 1 == self.settings.epochs

    def begin(self) -> None:
        """The clock runs from here."""
        self.last_look = time.monotonic()

    def look(self) -> None:
        """Count the time since the last look; the run's plan follows it."""
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
