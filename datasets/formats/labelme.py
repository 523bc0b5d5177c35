"""labelme's files: a ``NAME.json`` for each image, with its polygons, rectangles, circles and painted regions."""

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segnet.errors import UserError

from ..image_files import open_image
from ..pair import Pair
from ..polygons import Drawing, PolygonMasks, Region, Shape, ellipse, polygon, rectangle
from .class_files import read_class_file
from .drawn import DrawnClasses, size_of
from .layout import Layout
from .pairing import groups_of, pair_up
from .tree import list_tree

PROBLEMS = (ValueError, KeyError, TypeError, IndexError, AttributeError)
LINES = ("line", "linestrip", "point", "points")
"""Shapes that cover no area."""


def find(root: Path) -> Layout | None:
    """The layout if there are files of labelme beside the images or in another folder, else None.

    Raises:
        UserError: one of the files is damaged, or has a label that the file of classes does not list.
    """
    tree = list_tree(root)
    files: dict[tuple[str, ...], list[str]] = {}
    labels: set[str] = set()
    for path in tree.with_suffix(".json"):
        shapes = _shapes(path)
        if shapes is not None:
            files.setdefault(path.parent.relative_to(root).parts, []).append(path.name)
            labels |= {str(shape["label"]) for shape in shapes}
    if not files:
        return None
    pairing = pair_up(root, groups_of(tree.images()), groups_of(files))
    if not pairing.splits:
        return None
    named = read_class_file(root)
    if named and (missing := sorted(label for label in labels if not _lists(named.names, label))):
        raise UserError(f"{named.path}: does not list {missing[0]!r}, which shapes are called; add it")
    classes = DrawnClasses(named.names if named else sorted(labels))
    source = PolygonMasks(partial(read_drawing, classes), classes.background, tuple(classes.names))
    return classes.layout(
        "labelme's polygons",
        pairing.splits,
        source,
        (pairing.without_mask, pairing.without_image),
    )


def _lists(names: list[str], label: str) -> bool:
    return label in names or label.strip("_") in ("background", "ignore")


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({' '.join(str(error).split())}); replace it") from None


def _shapes(path: Path) -> list[Any] | None:
    """The shapes of a file; None if it is not labelme's."""
    document = _document(path)
    shapes = document.get("shapes") if isinstance(document, dict) else None
    return shapes if isinstance(shapes, list) and ("imagePath" in document or "version" in document) else None


def read_drawing(classes: DrawnClasses, pair: Pair) -> Drawing:
    """Read the shapes of one file.

    Raises:
        UserError: it is damaged.
    """
    document = _document(pair.mask)
    try:
        height, width = document.get("imageHeight"), document.get("imageWidth")
        size = (int(height), int(width)) if height and width else size_of(pair.image)
        shapes = [shape for entry in document["shapes"] if (shape := _shape(classes, entry))]
    except PROBLEMS as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{pair.mask}: has a shape that cannot be read ({detail}); correct it in labelme") from None
    return Drawing(size, shapes)


def _shape(classes: DrawnClasses, entry: dict[str, Any]) -> Shape | None:
    value, points = classes.value(str(entry["label"])), entry["points"]
    kind = entry.get("shape_type") or "polygon"
    if kind in LINES:
        return None
    if kind == "rectangle" and len(points) == 2:
        return Shape(value, (rectangle(*points),))
    if kind == "circle":
        (x, y), (edge_x, edge_y) = points
        radius = float(np.hypot(edge_x - x, edge_y - y))
        return Shape(value, (ellipse(x, y, radius, radius),))
    if kind == "mask":
        content = base64.b64decode(entry["mask"])
        inside = np.asarray(open_image(Path("a painted region"), "mask", content)).astype(bool)
        return Shape(value, region=Region(int(points[0][0]), int(points[0][1]), inside))
    return Shape(value, (polygon(points),))
