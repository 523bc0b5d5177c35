"""What a person sees of a run: a live bar on a terminal, a line an epoch elsewhere."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from segnet.training.length import Length
from segnet.training.position import Position


class TrainingProgress:
    """Loss, measure, images a second and the time left of the whole run.

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

    def __enter__(self) -> "TrainingProgress":
        self.bar.start()
        self.task = self.bar.add_task(
            "", total=self.length.total_steps, loss=float("nan"), measure=self.measure, rate=0.0
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def step(self, position: Position) -> None:
        samples, then = self.seen
        now = time.perf_counter()
        if position.samples > samples:
            latest = (position.samples - samples) / (now - then)
            self.rate = latest if self.rate == 0 else 0.9 * self.rate + 0.1 * latest
        self.seen = (position.samples, now)
        self.bar.update(
            self.task,
            total=self.length.total_steps,
            completed=position.step,
            description=f"epoch {position.epoch + 1}/{self.length.epochs or '?'}",
            loss=position.mean_loss,
            measure=self.measure,
            rate=self.rate,
        )

    def epoch(self, row: dict[str, object]) -> None:
        """Show the row of ``metrics.csv`` of an epoch that is complete."""
        value = row.get(self.monitor)
        if isinstance(value, float):
            self.measure = f"{self.monitor} {value:.4f}"
        self.seen = (0, time.perf_counter())
        if self.visible and not self.console.is_terminal:
            shown = {
                key: row[key] for key in ("train_loss", "val_loss", self.monitor, "images_per_second") if key in row
            }
            text = "  ".join(f"{key} {index:.4g}" for key, index in shown.items())
            print(f"epoch {row['epoch']}/{self.length.epochs or '?'}  {text}", file=sys.stderr, flush=True)
