"""YOLO's polygon files: ``labels/NAME.txt``, each line a class and the corners as shares of the size."""

from functools import partial
from pathlib import Path

import numpy as np

from segnet.errors import UserError

from ..pair import Pair
from ..polygons import Drawing, PolygonMasks, Shape, polygon, rectangle
from .class_files import NamedClasses, read_class_file
from .drawn import DrawnClasses, size_of, split_of
from .layout import Layout
from .pairing import Pairing, groups_of, pair_up
from .tree import Parts, list_tree

BOX = 5
"""Numbers on a line that is a box."""


def find(root: Path) -> Layout | None:
    """The layout if images have text files of polygons, else None.

    Raises:
        UserError: a line is wrong, all lines are boxes, or a class has no name.
    """
    tree = list_tree(root)
    stems = {Path(name).stem for names in tree.images().values() for name in names}
    texts: dict[Parts, list[str]] = {}
    lengths: set[int] = set()
    classes_used: set[int] = set()
    for path in tree.with_suffix(".txt"):
        rows = read_rows(path) if path.stem in stems else None
        if rows is not None:
            texts.setdefault(path.parent.relative_to(root).parts, []).append(path.name)
            lengths |= {len(row) for row in rows}
            classes_used |= {int(row[0]) for row in rows}
    pairing = pair_up(root, groups_of(tree.images()), groups_of(texts))
    if not pairing.splits or not lengths:
        return None
    if lengths == {BOX}:
        raise UserError(f"{root}: the text files have only boxes; export polygons (YOLO segmentation) instead")
    named = read_class_file(root, [root.joinpath(*parts) for parts in texts])
    names = _names(named, max(classes_used))
    classes = DrawnClasses(names)
    source = PolygonMasks(partial(read_drawing, classes, names), classes.background, tuple(classes.names))
    empty = len(pairing.without_mask)
    splits = _with_empty(root, pairing)
    layout = classes.layout("YOLO's polygons", splits, source, ([], pairing.without_image))
    if empty:
        layout.notes.append(
            f"{empty:,} images have no text file: they are background alone, which is what YOLO takes this for"
        )
    return layout


def _with_empty(root: Path, pairing: Pairing) -> dict[str, list[Pair]]:
    """The splits, with the images that have no text file. Such an image stands in the place of its file."""
    splits = {split: list(pairs) for split, pairs in pairing.splits.items()}
    split_of_folder = {pair.image.parent: split for split, pairs in splits.items() for pair in pairs}
    only = next(iter(splits)) if len(splits) == 1 else ""
    for image in pairing.without_mask:
        split = split_of_folder.get(image.parent) or only or split_of(image.parent.relative_to(root)) or "rest"
        splits.setdefault(split, []).append(Pair(image, image))
    return {split: sorted(pairs) for split, pairs in splits.items()}


def _names(named: NamedClasses | None, last: int) -> list[str]:
    if named is None:
        return [f"class {number}" for number in range(last + 1)]
    if named.values is not None:
        by_number = dict(zip(named.values, named.names, strict=True))
        names = [by_number.get(number, f"class {number}") for number in range(max(named.values) + 1)]
    else:
        names = named.names
    if last >= len(names):
        raise UserError(f"{named.path}: names {len(names)} classes, but the text files use index {last}; add its name")
    return names


def read_rows(path: Path) -> list[list[float]] | None:
    """The lines of a text file as numbers; None if it is no file of labels."""
    try:
        rows = [[float(word) for word in line.split()] for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError):
        return None
    rows = [row for row in rows if row]
    sound = all(len(row) >= BOX and len(row) % 2 == 1 and row[0] >= 0 and row[0].is_integer() for row in rows)
    return rows if sound else None


def read_drawing(classes: DrawnClasses, names: list[str], pair: Pair) -> Drawing:
    """Read the shapes of one text file.

    Raises:
        UserError: it is damaged.
    """
    rows = [] if pair.mask == pair.image else read_rows(pair.mask)
    if rows is None or any(int(row[0]) >= len(names) for row in rows):
        raise UserError(f"{pair.mask}: expected a class and the corners of a polygon, as shares, a line; correct it")
    height, width = size_of(pair.image)
    shapes = []
    for row in rows:
        numbers = np.array(row[1:], np.float32).reshape(-1, 2) * (width, height)
        if len(row) == BOX:
            centre, half = numbers[0], numbers[1] / 2
            outline = rectangle(centre - half, centre + half)
        else:
            outline = polygon(numbers)
        shapes.append(Shape(classes.value(names[int(row[0])]), (outline,)))
    return Drawing((height, width), shapes)
