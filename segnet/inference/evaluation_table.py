"""The measures of an evaluation as a table, on a terminal and in a notebook."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from segnet.terminal import one_line

COLUMNS = ("iou", "recall", "precision", "boundary_f1")


def evaluation_table(measures: dict[str, Any]) -> Group:
    """A table for rich's console: a row for each class, then the means, from an evaluation's ``to_json()``."""
    table = Table("class", *("IoU", "recall", "precision", "boundary F1", "pixels", "images"))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in measures["per_class"].items():
        values = ("–" if row[key] is None else f"{row[key]:.3f}" for key in COLUMNS)
        table.add_row(Text(one_line(name)), *values, f"{row['pixels']:,}", str(row["images"]))
    lines: list[Text] = []
    if measures["absent"]:
        absent = one_line(", ".join(measures["absent"]))
        lines.append(Text(f"left out of the means, in neither truth nor prediction: {absent}"))
    passes = f" · {measures['dropout_samples']} passes with dropout" if measures["dropout_samples"] > 1 else ""
    means = (
        f"mean IoU {measures['mean_iou']:.4f} · global accuracy {measures['global_accuracy']:.4f} · class accuracy "
        f"{measures['class_accuracy']:.4f} · boundary F1 {measures['boundary_f1']:.4f} · {measures['images']} images"
        f"{passes}"
    )
    return Group(table, *lines, Text(means))
