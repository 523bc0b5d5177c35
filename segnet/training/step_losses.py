"""The loss of each step in a file. It shows warm-up and outliers, which an epoch's mean hides."""

from segnet.files import write_atomically
from segnet.run_folder import RunFolder
from segnet.run_tables import read_step_losses

KEPT = 2000
"""With so many rows, each two neighbours become one row, their mean. A figure has no more columns."""


class StepLosses:
    """``losses.csv``: each row has a step, and the mean loss since the step of the row before.

    Args:
        run: the open run folder.
        enabled: False on all processes but the first.
    """

    def __init__(self, run: RunFolder, enabled: bool) -> None:
        self.path, self.enabled = run.losses_csv, enabled
        self.rows: list[tuple[int, float]] = []
        self.stride, self.sum, self.count = 1, 0.0, 0

    def load(self, last_step: int) -> None:
        """Take over the rows up to ``last_step`` of a resumed run."""
        self.rows = [(step, loss) for step, loss in read_step_losses(self.path) if step <= last_step]
        if len(self.rows) > 1:
            self.stride = self.rows[-1][0] - self.rows[-2][0]

    def add(self, step: int, loss: float) -> None:
        self.sum, self.count = self.sum + loss, self.count + 1
        if self.count < self.stride:
            return
        self.rows.append((step, self.sum / self.count))
        self.sum, self.count = 0.0, 0
        if len(self.rows) >= KEPT:
            pairs = zip(self.rows[::2], self.rows[1::2], strict=True)
            self.rows = [(later, (first + second) / 2) for (_, first), (later, second) in pairs]
            self.stride *= 2

    def write(self) -> None:
        if self.enabled:
            lines = "".join(f"{step},{loss:.6g}\n" for step, loss in self.rows)
            write_atomically(self.path, f"step,loss\n{lines}")
