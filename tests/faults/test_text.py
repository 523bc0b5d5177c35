"""Text from outside on the terminal: names mean nothing there but themselves."""

import io
from typing import Any

from rich.console import Console

from segnet.inference.evaluation_table import evaluation_table
from tests.faults.rows import Row, fault


@fault(
    "Text",
    "class names with markup of rich, line breaks or terminal codes, in the table of `evaluate`",
    shown="",
    code=0,
    kept="the names are printed unchanged, but control characters are written out",
)
def test_class_names_with_markup(row: Row) -> None:
    row.check(0, "")
    numbers = {"iou": 0.5, "recall": None, "precision": 1.0, "boundary_f1": 0.25, "pixels": 1000, "images": 2}
    names = ["[bold]road[/bold]", "[/red]", "a\nb", "\x1b[31mred"]
    means = {"mean_iou": 0.1, "global_accuracy": 0.2, "class_accuracy": 0.3, "boundary_f1": 0.4}
    measures: dict[str, Any] = means | {
        "per_class": dict.fromkeys(names, numbers),
        "absent": ["[/none]"],
        "dropout_samples": 1,
        "images": 3,
    }
    console = Console(width=120, file=io.StringIO(), force_terminal=False)
    console.print(evaluation_table(measures))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    for shown in ("[bold]road[/bold]", "[/red]", r"a\nb", r"\x1b[31mred", "[/none]", "mean IoU 0.1000"):
        assert shown in printed
    assert "\x1b" not in printed
