"""The record of a run: ``metrics.csv``, and the trackers of ``training.loggers``."""

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segnet.config import Config
from segnet.errors import first_line
from segnet.run_folder import RunFolder
from segnet.run_tables import MetricsTable
from segnet.terminal import say
from segnet.training.position import Position
from segnet.training.stopping import PrunedError
from segnet.training.trackers.mlflow import Mlflow
from segnet.training.trackers.tensorboard import TensorBoard
from segnet.training.trackers.tracker import Ending, RunIds, Tracker
from segnet.training.trackers.wandb import Wandb


class Log:
    """Writes a row for each epoch. A resumed run goes on after the rows of its position.

    Args:
        config: names the trackers.
        run: the open run folder.
        position: where the run begins or resumes.
        enabled: False on all processes but the first.
    """

    def __init__(self, config: Config, run: RunFolder, position: Position, enabled: bool) -> None:
        self.config, self.run, self.step, self.enabled = config, run, position.step, enabled
        self.trackers: list[Tracker] = []
        self.table = MetricsTable(run.metrics_csv)
        if enabled:
            self.table.load(before_epoch=position.epoch + 1)

    def __enter__(self) -> Self:
        if self.enabled:
            try:
                self.open_trackers()
            except BaseException:
                self.close("failed")
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(ending_of(kind))

    def open_trackers(self) -> None:
        loggers, ids = self.config.training.loggers, RunIds(self.run)
        if "tensorboard" in loggers:
            self.trackers.append(TensorBoard(self.run, self.step))
        if "wandb" in loggers:
            self.trackers.append(Wandb(self.config, self.run, ids))
        if "mlflow" in loggers:
            self.trackers.append(Mlflow(self.config, self.run, ids))
        # A tracker that was added on resuming gets the curves from the first epoch on.
        for row in self.table.rows:
            self.scalars([tracker for tracker in self.trackers if tracker.is_new], row)

    def each(self, trackers: list[Tracker], write: Callable[[Tracker], object]) -> None:
        """Leave out a tracker whose server fails, since that must not end a training of days."""
        for tracker in list(trackers):
            try:
                write(tracker)
            except tracker.failures as error:
                self.trackers.remove(tracker)
                say(f"{tracker.name}: {first_line(error)}; the training goes on without it, metrics.csv has everything")

    def scalars(self, trackers: list[Tracker], row: Mapping[str, object]) -> None:
        values, step = measures_of(row)
        self.each(trackers, lambda tracker: tracker.scalars(values, step))

    def epoch(self, row: dict[str, object]) -> None:
        if self.enabled:
            self.table.add(row)
            self.scalars(self.trackers, row)

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        self.each(self.trackers, lambda tracker: tracker.image(image, step))

    def close(self, ending: Ending) -> None:
        self.each(self.trackers, lambda tracker: tracker.close(ending))


def measures_of(row: Mapping[str, object]) -> tuple[dict[str, float], int]:
    """The measures in a row of ``metrics.csv``, whose values may be text, and their step."""
    values = {
        name: float(value)
        for name, value in row.items()
        if name not in ("epoch", "step") and isinstance(value, float | str) and value != ""
    }
    return values, int(str(row["step"]))


def ending_of(kind: type[BaseException] | None) -> Ending:
    if kind is None:
        return "finished"
    if issubclass(kind, PrunedError):
        return "pruned"
    return "stopped" if issubclass(kind, KeyboardInterrupt) else "failed"
