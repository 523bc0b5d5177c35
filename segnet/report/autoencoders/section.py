"""A section of an autoencoder's report, and what several sections share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segnet.inference.autoencoders.reconstructions import Quality

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10
"""Images in a row of images."""

QUALITY_HEAD = ("Method", "Squared error", "PSNR, dB", "SSIM")


@dataclass
class Section:
    """A heading, a few sentences, a table and images.

    Attributes:
        title: heading.
        text: plain text.
        head: the table's head; empty: no table.
        rows: its rows, as they are shown.
        figures: figures with captions, by file name without suffix.
        values: the numbers for ``metrics.json``; lists of records are written as CSV too.
        headlines: lines at the top of the page: a measure's name, its value, and the value of a simple rival.
        bold: the best cells of ``rows``, as (row, column).
    """

    title: str
    text: str = ""
    head: Sequence[str] = ()
    rows: list[Sequence[str]] = field(default_factory=list)
    figures: dict[str, tuple["Figure", str]] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    headlines: list[tuple[str, str, str]] = field(default_factory=list)
    bold: set[tuple[int, int]] = field(default_factory=set)


def quality_table(rows: Sequence[Quality]) -> list[Sequence[str]]:
    return [(row.method, f"{row.mse:.5f}", f"{row.psnr:.2f}", f"{row.ssim:.4f}") for row in rows]


def best_cells(groups: Sequence[Sequence[Quality]], before: int) -> set[tuple[int, int]]:
    """The best of each measure in each group of rows, as (row, column).

    Args:
        groups: rows of the table, in groups that are compared.
        before: number of columns left of the method.
    """
    found, start = set(), 0
    for rows in groups:
        for column, sign in ((1, -1), (2, 1), (3, 1)):
            best = max(sign * float(row[column]) for row in rows)
            found |= {
                (start + place, before + column) for place, row in enumerate(rows) if sign * float(row[column]) == best
            }
        start += len(rows)
    return found
