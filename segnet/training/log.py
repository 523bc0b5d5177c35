"""The record of a run: ``metrics.csv`` and TensorBoard's events."""

import numpy as np
from numpy.typing import NDArray

from segnet.run_folder import RunFolder
from segnet.run_tables import MetricsTable
from segnet.training.position import Position


class Log:
    """Writes a row an epoch; a resumed run goes on where the rows of its position end.

    Args:
        run: the open run folder.
        position: where the run begins or goes on.
        enabled: False on all processes but the first.
    """

    def __init__(self, run: RunFolder, position: Position, enabled: bool) -> None:
        self.enabled = enabled
        if not enabled:
            return
        # TensorBoard takes a second to import; only the process that writes pays it.
        from torch.utils.tensorboard import SummaryWriter

        self.table = MetricsTable(run.metrics_csv)
        self.table.load(before_epoch=position.epoch + 1)
        self.events = SummaryWriter(str(run.path / "tensorboard"), purge_step=position.step)

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            self.events.close()

    def epoch(self, row: dict[str, object]) -> None:
        if not self.enabled:
            return
        self.table.add(row)
        for name, value in row.items():
            if name not in ("epoch", "step") and isinstance(value, float):
                self.events.add_scalar(name, value, int(str(row["step"])))
        self.events.flush()

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        if self.enabled:
            self.events.add_image("val samples", image, step, dataformats="HWC")
