"""COCO's two kinds of dense masks: panoptic PNGs with their JSON, and the pixel maps of COCO-Stuff.

Panoptic (Kirillov et al., arXiv 1801.00868): ``annotations/panoptic_SPLIT.json`` and
``annotations/panoptic_SPLIT/*.png``, whose colours encode segment ids. The classes are the JSON's categories.

Stuff (Caesar et al., arXiv 1612.03716): ``stuffthingmaps/SPLIT/*.png`` with values 0 to 181, 255 ignored. Images lie in
``SPLIT`` or ``images/SPLIT``.
"""

from pathlib import Path
from typing import Annotated, NotRequired

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from segnet.errors import UserError

from ..classes import ClassSet, voc_color
from ..coding import Coding, identity
from ..masks import PanopticImages
from .files import folders_in, images_in, match, together
from .layout import Layout

Channel = Annotated[int, Field(ge=0, le=255)]
STUFF_NAMES = Path(__file__).with_name("coco_stuff.txt")
STUFF_FOLDERS = ("stuffthingmaps", "stuffthingmaps_trainvaltest2017", "annotations")


def find_panoptic(root: Path) -> Layout | None:
    """The panoptic layout if the folder has it, else None.

    Raises:
        UserError: the annotations cannot be read, or their splits have other categories.
    """
    files = sorted((root / "annotations").glob("panoptic_*.json"))
    files = [path for path in files if path.with_suffix("").is_dir()]
    if not files:
        return None
    matches, segments = {}, {}
    categories: dict[int, Category] = {}
    for path in files:
        split = path.stem.removeprefix("panoptic_")
        annotations = _read_json(path)
        found = {category["id"]: category for category in annotations["categories"]}
        if categories and found.keys() != categories.keys():
            raise UserError(f"{path}: other categories than in {files[0].name}; make the splits' categories the same")
        categories = categories or found
        value_of = {identifier: place + 1 for place, identifier in enumerate(sorted(found))}
        for entry in annotations["annotations"]:
            unknown = {segment["category_id"] for segment in entry["segments_info"]} - value_of.keys()
            if unknown:
                raise UserError(
                    f"{path}: {entry['file_name']} has a category {min(unknown)}, which is not listed; add it"
                )
            rows = [(segment["id"], value_of[segment["category_id"]]) for segment in entry["segments_info"]]
            segments[entry["file_name"]] = np.array(rows, np.int32).reshape(-1, 2)
        matches[split] = match(_images(root, split), images_in(path.with_suffix("")), lambda file: file.stem)
    pairs, without_mask, without_image = together(matches)
    ordered = [categories[identifier] for identifier in sorted(categories)]
    classes = ClassSet(
        tuple(category["name"] for category in ordered),
        tuple((*category["color"],) if "color" in category else voc_color(n + 1) for n, category in enumerate(ordered)),
    )
    indices = {0: classes.ignore_index} | {label + 1: label for label in range(len(classes))}
    coding = Coding(indices, source=PanopticImages(segments))
    return Layout("COCO panoptic", pairs, classes, coding, without_mask, without_image)


def find_stuff(root: Path) -> Layout | None:
    """The layout of COCO-Stuff if the folder has it, else None."""
    for folder in STUFF_FOLDERS:
        splits = [path.name for path in folders_in(root / folder) if _images(root, path.name)]
        # Other data sets have annotations/SPLIT too. The names of COCO's splits contain a year.
        if folder == "annotations":
            splits = [split for split in splits if split.endswith("2017")]
        if splits:
            break
    else:
        return None
    matches = {
        split: match(_images(root, split), images_in(root / folder / split), lambda path: path.stem.split("_label")[0])
        for split in splits
    }
    pairs, without_mask, without_image = together(matches)
    names = STUFF_NAMES.read_text(encoding="utf-8").splitlines()
    classes = ClassSet(tuple(names), tuple(voc_color(label + 1) for label in range(len(names))))
    coding = Coding(identity(len(classes), classes.ignore_index))
    return Layout("COCO-Stuff", pairs, classes, coding, without_mask, without_image)


def _images(root: Path, split: str) -> list[Path]:
    return images_in(root / split) or images_in(root / "images" / split)


class Segment(TypedDict):
    """One segment. Its id is the colour of its pixels, ``R + 256 G + 65536 B``."""

    id: Annotated[int, Field(ge=0, lt=2**24)]
    category_id: int


class Entry(TypedDict):
    """The mask of one image, by the name of its PNG file."""

    file_name: str
    segments_info: list[Segment]


class Category(TypedDict):
    """A class. Its ids need not be consecutive."""

    id: int
    name: str
    color: NotRequired[tuple[Channel, Channel, Channel]]


class Annotations(TypedDict):
    """The parts of an annotation file that are read."""

    categories: Annotated[list[Category], Field(min_length=1, max_length=255)]
    annotations: list[Entry]


def _read_json(path: Path) -> Annotations:
    try:
        return TypeAdapter(Annotations).validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: no panoptic annotations ({key}: {first['msg']}); correct it") from None
