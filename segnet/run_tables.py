"""The tables of a run: ``metrics.csv`` with a row for each epoch, and ``losses.csv`` with a row for each step."""

import csv
import io
import re
from pathlib import Path

from segnet.errors import UserError, first_line
from segnet.files import write_atomically

MONITORS = {
    "segmentation": "val_mean_iou",
    "reconstruction": "val_psnr",
    "variational": "val_objective",
    "classification": "val_accuracy",
}
"""The column of ``metrics.csv`` by which each task keeps its best weights; higher is better."""


class MetricsTable:
    """``metrics.csv`` with a row for each epoch. It is always written whole, so it never ends within a row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, object]] = []

    def load(self, before_epoch: int) -> None:
        """Take over the rows before ``before_epoch`` of a resumed run."""
        self.rows = [{**row} for row in read_metrics(self.path) if int(row["epoch"]) < before_epoch]

    def add(self, row: dict[str, object]) -> None:
        self.rows.append(row)
        text = io.StringIO()
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, text.getvalue())


def read_metrics(path: Path) -> list[dict[str, str]]:
    """Rows of ``metrics.csv``; none if there is no such file.

    Raises:
        UserError: the file is not a table of epochs.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, csv.Error, ValueError) as error:
        raise UserError(f"{path}: cannot be read as a table ({first_line(error)}); restore or remove it") from None
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values() or not re.fullmatch(r"\d{1,9}", row.get("epoch", "")):
            raise UserError(f"{path}: line {number} is not a row of an epoch; restore or remove the file")
    return rows


def read_step_losses(path: Path) -> list[tuple[int, float]]:
    """Rows of ``losses.csv``: a step, and the mean loss up to it; none if there is no such table."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        return [(int(step), float(loss)) for step, loss in (line.split(",") for line in lines)]
    except (OSError, ValueError):
        # The table only adds a figure to a page.
        return []
