"""Supervisely's own projects: ``meta.json``, and ``DATASET/ann/NAME.jpg.json`` with the objects of each image."""

import base64
import json
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segnet.errors import UserError

from ..image_files import open_image
from ..pair import Pair
from ..polygons import Drawing, PolygonMasks, Region, Shape, polygon, rectangle
from .class_files import read_class_file
from .drawn import DrawnClasses, ImageNames, images_without, split_of
from .layout import Layout
from .names import SPLIT_NAMES
from .tree import list_tree

PROBLEMS = (ValueError, KeyError, TypeError, IndexError, AttributeError, zlib.error)
MAX_BITMAP = 1 << 26
"""The most bytes of an object's PNG file."""


def find(root: Path) -> Layout | None:
    """The layout if the images have files of Supervisely, else None.

    Raises:
        UserError: one of the files is damaged, or has an object of a class that ``meta.json`` does not list.
    """
    tree = list_tree(root)
    images, splits, used = ImageNames(tree), dict[str, list[Pair]](), dict[str, Path]()
    missing: list[Path] = []
    for path in tree.with_suffix(".json"):
        document = _document(path)
        if document is None:
            continue
        used |= {str(entry.get("classTitle")): path for entry in document["objects"]}
        image = images.find(path.name[: -len(".json")], path) or images.find(f"{path.stem}.jpg", path)
        if image is None:
            missing.append(path)
            continue
        splits.setdefault(_split(document) or split_of(path.relative_to(root)) or "all", []).append(Pair(image, path))
    if not splits:
        return None
    named = read_class_file(root)
    if named and (unlisted := sorted(name for name in used if name not in named.names)):
        raise UserError(f"{used[unlisted[0]]}: has an object of {unlisted[0]!r}, which {named.path} does not list")
    names = named.names if named else sorted(used)
    classes = DrawnClasses(names, dict(zip(names, named.colors, strict=False)) if named else None)
    source = PolygonMasks(partial(read_drawing, classes), classes.background, tuple(classes.names))
    without = images_without(tree, (pair.image for pairs in splits.values() for pair in pairs))
    return classes.layout("Supervisely's objects", splits, source, (without, missing))


def _document(path: Path) -> dict[str, Any] | None:
    """The file's content if it holds the objects of an image, else None."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({' '.join(str(error).split())}); replace it") from None
    known = isinstance(document, dict) and isinstance(document.get("objects"), list) and "size" in document
    return document if known else None


def _split(document: dict[str, Any]) -> str:
    """The split in a tag of the image, else empty."""
    names = [str(tag.get("name", "")).lower() for tag in document.get("tags") or [] if isinstance(tag, dict)]
    return next((SPLIT_NAMES[name] for name in names if name in SPLIT_NAMES), "")


def read_drawing(classes: DrawnClasses, pair: Pair) -> Drawing:
    """Read the objects of one file.

    Raises:
        UserError: it is damaged.
    """
    document = _document(pair.mask)
    try:
        assert document is not None
        size = int(document["size"]["height"]), int(document["size"]["width"])
        shapes = [shape for entry in document["objects"] if (shape := _shape(classes, entry))]
    except (AssertionError, *PROBLEMS) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{pair.mask}: has an object that cannot be read ({detail}); export it again") from None
    return Drawing(size, shapes)


def _shape(classes: DrawnClasses, entry: dict[str, Any]) -> Shape | None:
    """The shape; None for lines, points and cuboids, which cover no area."""
    kind = entry["geometryType"]
    if kind == "bitmap":
        return Shape(classes.value(str(entry["classTitle"])), region=_region(entry["bitmap"]))
    if kind not in ("polygon", "rectangle"):
        return None
    outside = entry["points"]["exterior"]
    outline = rectangle(*outside) if kind == "rectangle" else polygon(outside)
    holes = tuple(polygon(hole) for hole in entry["points"].get("interior") or [])
    return Shape(classes.value(str(entry["classTitle"])), (outline,), holes=holes)


def _region(bitmap: dict[str, Any]) -> Region:
    """Painted pixels: a compressed PNG file, whose last channel marks the inside."""
    content = zlib.decompressobj().decompress(base64.b64decode(bitmap["data"]), MAX_BITMAP)
    pixels = np.asarray(open_image(Path("a painted object"), "mask", content).convert("RGBA"))
    inside = pixels[..., 3] > 0 if (pixels[..., 3] < 255).any() else pixels[..., 0] > 0
    left, top = bitmap["origin"]
    return Region(int(left), int(top), inside)
