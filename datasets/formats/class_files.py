"""Files with a data set's class names, as written by labelling tools and in published sets."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from segnet.errors import UserError
from segnet.plain import problem_of_text

from ..masks import RGB

PROBLEMS = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, csv.Error, yaml.YAMLError)
"""Errors from a file whose content does not fit its name."""


@dataclass(frozen=True)
class NamedClasses:
    """The classes of a file.

    Attributes:
        names: in the file's order.
        colors: a colour for each class, or none at all.
        values: mask value of each class; None: 0, 1, 2, ...
        path: the file.
    """

    names: list[str]
    colors: list[RGB]
    values: list[int] | None
    path: Path = Path()


def read_class_file(root: Path, folders: Iterable[Path] = ()) -> NamedClasses | None:
    """The classes of the first file with a known name in ``root``, or else in a folder; None if there is none.

    Raises:
        UserError: the file does not fit its name, or the files of two folders differ.
    """
    for places in ([root], list(dict.fromkeys(folders))):
        for name, reader in READERS.items():
            found = [named for place in places if (named := _read(place / name, reader))]
            for other in found[1:]:
                if replace(other, path=found[0].path) != found[0]:
                    raise UserError(f"{other.path}: names other classes than {found[0].path}; make them the same")
            if found:
                return found[0]
    return None


def _read(path: Path, reader: Callable[[str], NamedClasses]) -> NamedClasses | None:
    if not path.is_file():
        return None
    try:
        named = reader(path.read_text(encoding="utf-8-sig"))
        if not named.names:
            raise ValueError("it names no class")
        check_text(named.names)
    except PROBLEMS as error:
        detail = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise UserError(f"{path}: not a list of classes as expected ({detail}); correct or rename it") from None
    names = ["background" if name.lower() in ("_background_", "__background__") else name for name in named.names]
    return replace(named, names=names, path=path)


LONGEST_NAME = 200


def check_text(names: Iterable[str]) -> None:
    """Raise ValueError if a name is not text that a line, a page and a config can hold."""
    for name in names:
        if problem := problem_of_text(name):
            raise ValueError(problem)
        if len(name) > LONGEST_NAME:
            raise ValueError(f"a name of {len(name)} letters, at most {LONGEST_NAME} are accepted")


NAME_COLUMNS = ("name", "class", "class_name", "classname", "label_name", "category", "title", "label")
VALUE_COLUMNS = ("label", "value", "pixel value", "pixel_value", "id", "index", "class_id", "label_id", "class")
COLOR_COLUMNS = ("color", "colour", "hex")


def _csv(text: str) -> NamedClasses:
    """A header with a name and, if they are there, a value and r, g, b. Roboflow's is ``Pixel Value, Class``."""
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    rows = [
        {key.strip().lower(): (value or "").strip() for key, value in line.items() if key is not None} for line in lines
    ]
    rows = [row for row in rows if any(row.values())]
    columns = set(rows[0]) if rows else set()
    name = next((column for column in NAME_COLUMNS if column in columns), None)
    if name is None:
        raise KeyError("column name")
    value = next((column for column in VALUE_COLUMNS if column in columns and column != name), None)
    colors = []
    for channels in (("r", "g", "b"), ("red", "green", "blue")):
        if columns >= set(channels):
            colors = [_color(row[channel] for channel in channels) for row in rows]
    if hexadecimal := next((column for column in COLOR_COLUMNS if column in columns), None):
        colors = [hex_color(row[hexadecimal]) for row in rows]
    return NamedClasses([row[name] for row in rows], colors, [int(row[value]) for row in rows] if value else None)


def _colors_or_names(text: str) -> NamedClasses:
    """Lines of ``R G B name``, CVAT's ``name:R,G,B::``, ``number: name``, or names."""
    lines = _lines(text)
    for reader in (_colors_first, _colors_behind, _numbered):
        if (named := reader(lines)) is not None:
            return named
    if lines[:1] == ["__ignore__"]:
        # labelme numbers its list from -1 on, and -1 is no class.
        lines = lines[1:]
    return NamedClasses(lines, [], None)


def _with_colors(text: str) -> NamedClasses:
    named = _colors_or_names(text)
    if not named.colors:
        raise ValueError("expected R G B and a name, or name:R,G,B, a line")
    return named


def _colors_first(lines: list[str]) -> NamedClasses | None:
    rows = [re.fullmatch(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(.*\S)", line) for line in lines]
    if not all(rows):
        return None
    return NamedClasses([row[4] for row in rows if row], [_color(row.groups()[:3]) for row in rows if row], None)


def _colors_behind(lines: list[str]) -> NamedClasses | None:
    rows = [re.fullmatch(r"([^:]*[^:\s])\s*[:\s,]\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(:.*)?", line) for line in lines]
    if not all(rows):
        return None
    return NamedClasses([row[1] for row in rows if row], [_color(row.groups()[1:4]) for row in rows if row], None)


def _numbered(lines: list[str]) -> NamedClasses | None:
    rows = [re.fullmatch(r"(\d+)\s*[:,;\t]\s*(.+)", line) for line in lines]
    if not all(rows):
        return None
    return NamedClasses([row[2] for row in rows if row], [], [int(row[1]) for row in rows if row])


def _object_info(text: str) -> NamedClasses:
    rows = [line.split("\t") for line in _lines(text)[1:]]
    names = [row[-1].split(",")[0].strip() for row in rows]
    return NamedClasses(["unlabelled", *names], [], [0, *(int(row[0]) for row in rows)])


def _yolo(text: str) -> NamedClasses:
    """YOLO's file of a data set: ``names`` is a list, or a mapping of numbers."""
    names = yaml.safe_load(text)["names"]
    if isinstance(names, Mapping):
        return _of_mapping(names)
    return NamedClasses([str(name) for name in names], [], None)


def _supervisely(text: str) -> NamedClasses:
    """``meta.json`` of Supervisely, which has colours. Its classes have no values."""
    classes = json.loads(text)["classes"]
    return NamedClasses([entry["title"] for entry in classes], [hex_color(entry["color"]) for entry in classes], None)


def _machine_colors(text: str) -> NamedClasses:
    """``obj_class_to_machine_color.json`` of Supervisely: the colour of each class in its machine masks."""
    colors = json.loads(text)
    found = {
        name: _color(channels if isinstance(channels, list) else [channels] * 3) for name, channels in colors.items()
    }
    values = [color[0] for color in found.values()] if all(len(set(color)) == 1 for color in found.values()) else None
    return NamedClasses(list(found), list(found.values()), values)


def _label_studio(text: str) -> NamedClasses:
    categories = json.loads(text)["categories"]
    return NamedClasses([entry["name"] for entry in categories], [], [int(entry["id"]) for entry in categories])


def _json(text: str) -> NamedClasses:
    """Names in order, or by value."""
    names = json.loads(text)
    if isinstance(names, list):
        return NamedClasses([str(name) for name in names], [], None)
    return _of_mapping(names)


def _of_mapping(names: Mapping[Any, Any]) -> NamedClasses:
    found = sorted((int(value), str(name)) for value, name in names.items())
    return NamedClasses([name for _, name in found], [], [value for value, _ in found])


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _color(channels: Iterable[object]) -> RGB:
    red, green, blue = (int(str(channel)) for channel in channels)
    if not all(0 <= channel <= 255 for channel in (red, green, blue)):
        raise ValueError(f"{red} {green} {blue} is not a colour")
    return red, green, blue


def hex_color(text: str) -> RGB:
    """``#rrggbb`` as a colour."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"{text} is not a colour")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


READERS: dict[str, Callable[[str], NamedClasses]] = {
    "classes.csv": _csv,
    "class_dict.csv": _csv,  # published sets on Kaggle
    "_classes.csv": _csv,  # Roboflow
    "label_colors.txt": _with_colors,  # CamVid, and CVAT's CamVid
    "labelmap.txt": _with_colors,  # CVAT
    "obj_class_to_machine_color.json": _machine_colors,  # Supervisely
    "meta.json": _supervisely,
    "class_names.txt": _colors_or_names,  # labelme
    "classes.txt": _colors_or_names,
    "labels.txt": _colors_or_names,  # labelme
    "classes.names": _colors_or_names,  # Darknet
    "codes.txt": _colors_or_names,  # fastai
    "id2label.json": _json,  # Hugging Face
    "classes.json": _json,
    "notes.json": _label_studio,  # Label Studio
    "data.yaml": _yolo,  # YOLO, and Roboflow's
    "dataset.yaml": _yolo,
    "objectInfo150.txt": _object_info,  # ADE20K
}
"""The file names in the order of the search."""
