"""Progress on the terminal: one line for each epoch, and a live bar below them."""

import math
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from segnet.training.length import Length
from segnet.training.position import Position


class TrainingProgress:
    """Shows loss, measure, images a second, and the time left for the whole run.

    Args:
        length: epochs and optimiser steps of the run.
        monitor: name of the measure that is shown.
        visible: False on all processes but the first.
    """

    def __init__(self, length: Length, monitor: str, visible: bool) -> None:
        self.length, self.monitor, self.visible = length, monitor, visible
        self.console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f} · {task.fields[measure]} · {task.fields[rate]:.1f} images/s ·"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self.console,
            disable=not (visible and self.console.is_terminal),
        )
        self.measure = f"{monitor} –"
        self.rate = 0.0
        self.seen = (0, time.perf_counter())
        self.begun = (0, time.perf_counter())
        self.task = self.bar.add_task("", total=length.total_steps, loss=math.nan, measure=self.measure, rate=0.0)

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def begin(self, position: Position) -> None:
        """Start the clock. The earlier steps of a resumed run took none of its time."""
        self.begun = (position.step, time.perf_counter())

    def step(self, position: Position) -> None:
        samples, then = self.seen
        now = time.perf_counter()
        if position.samples > samples:
            latest = (position.samples - samples) / (now - then)
            self.rate = latest if self.rate == 0 else 0.9 * self.rate + 0.1 * latest
        self.seen = (position.samples, now)
        self.show(position)

    def show(self, position: Position) -> None:
        self.bar.update(
            self.task,
            total=self.length.total_steps,
            completed=position.step,
            description=f"epoch {position.epoch + 1}/{self.length.epochs or '?'}",
            loss=position.mean_loss,
            measure=self.measure,
            rate=self.rate,
        )

    def epoch(self, row: dict[str, object], position: Position) -> None:
        """Print a line for a complete epoch, above the bar if there is one.

        Args:
            row: the epoch's row of ``metrics.csv``.
            position: at its end.
        """
        value = row.get(self.monitor)
        if isinstance(value, float):
            self.measure = f"{self.monitor} {value:.4f}"
        # The bar shows the measure now, not only at the next step.
        self.show(position)
        self.seen = (0, time.perf_counter())
        if self.visible:
            self.console.print(self.line(row, position), highlight=False, markup=False, soft_wrap=True)

    def line(self, row: dict[str, object], position: Position) -> str:
        names = ("train_loss", "val_loss", self.monitor)
        parts = [f"{name} {value:.4g}" for name in names if isinstance(value := row.get(name), float)]
        if self.monitor in row and position.best_epoch == position.epoch:
            parts[-1] += ", the best so far"
        parts += [f"lr {row['lr']:.3g}", f"{row['images_per_second']:.3g} images/s"]
        if position.step > self.begun[0] and (total := self.length.total_steps or 0) > position.step:
            seconds = (time.perf_counter() - self.begun[1]) / (position.step - self.begun[0])
            parts.append(f"{duration(seconds * (total - position.step))} left")
        return f"epoch {position.epoch + 1}/{self.length.epochs or '?'}  " + " · ".join(parts)


def duration(seconds: float) -> str:
    """A rough duration in words: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
