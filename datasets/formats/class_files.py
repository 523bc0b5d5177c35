"""Files that name a data set's classes: the ones that labelling tools and published sets put beside the images."""

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from segnet.errors import UserError

from ..coding import RGB


class NamedClasses(NamedTuple):
    """Classes as a file lists them.

    Attributes:
        names: in the file's order.
        colors: one a class, or none at all.
        values: of the masks, one a class; None: 0, 1, 2, ...
        path: the file.
    """

    names: list[str]
    colors: list[RGB]
    values: list[int] | None
    path: Path


def read_class_file(root: Path) -> NamedClasses | None:
    """The classes of the first file of a known name below ``root``; None where there is none.

    ``classes.csv`` and ``class_dict.csv`` have a header with name, r, g, b and perhaps label; ``label_colors.txt`` has
    "R G B name" a line, ``labelmap.txt`` "name:R,G,B::" (CVAT), ``classes.txt`` and ``labels.txt`` a name a line, or
    "number: name"; ``objectInfo150.txt`` is ADE20K's.

    Raises:
        UserError: the file is not as its name says.
    """
    for name, reader in READERS.items():
        path = root / name
        if path.is_file():
            try:
                return reader(path)
            except (ValueError, KeyError, UnicodeDecodeError) as error:
                raise UserError(f"{path}: not a list of classes as expected ({error}); correct or rename it") from None
    return None


def _csv(path: Path) -> NamedClasses:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [
            {key.strip().lower(): (value or "").strip() for key, value in row.items() if key is not None}
            for row in csv.DictReader(file)
        ]
    names = [row["name"] for row in rows]
    colored = bool(rows) and {"r", "g", "b"} <= rows[0].keys()
    colors = [_color((row["r"], row["g"], row["b"])) for row in rows] if colored else []
    values = [int(row["label"]) for row in rows] if rows and "label" in rows[0] else None
    return NamedClasses(names, colors, values, path)


def _colors_first(path: Path) -> NamedClasses:
    rows = [line.split(maxsplit=3) for line in _lines(path)]
    if any(len(row) != 4 for row in rows):
        raise ValueError("expected R G B and a name a line")
    return NamedClasses([row[3].strip() for row in rows], [_color(row[:3]) for row in rows], None, path)


def _labelmap(path: Path) -> NamedClasses:
    rows = [line.split(":") for line in _lines(path)]
    if any(len(row) < 2 for row in rows):
        raise ValueError("expected name:R,G,B:: a line")
    return NamedClasses([row[0] for row in rows], [_color(row[1].split(",")) for row in rows], None, path)


def _names(path: Path) -> NamedClasses:
    rows = _lines(path)
    numbered = [re.fullmatch(r"(\d+)\s*[:,]\s*(.+)", row) for row in rows]
    if not all(numbered):
        return NamedClasses(rows, [], None, path)
    found = [(int(row[1]), row[2]) for row in numbered if row]
    return NamedClasses([name for _, name in found], [], [value for value, _ in found], path)


def _object_info(path: Path) -> NamedClasses:
    rows = [line.split("\t") for line in _lines(path)[1:]]
    return NamedClasses([row[-1].split(",")[0].strip() for row in rows], [], [int(row[0]) for row in rows], path)


def _lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _color(channels: Iterable[str]) -> RGB:
    red, green, blue = (int(channel) for channel in channels)
    if not all(0 <= channel <= 255 for channel in (red, green, blue)):
        raise ValueError(f"{red} {green} {blue} is no colour")
    return red, green, blue


READERS: dict[str, Callable[[Path], NamedClasses]] = {
    "classes.csv": _csv,
    "class_dict.csv": _csv,
    "label_colors.txt": _colors_first,
    "labelmap.txt": _labelmap,
    "classes.txt": _names,
    "labels.txt": _names,
    "objectInfo150.txt": _object_info,
}
