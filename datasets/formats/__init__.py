"""Published formats of data sets. Each has a small reader that recognises its own folders."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from segnet.errors import UserError

from ..splits import spread
from . import (
    ade20k,
    camvid,
    camvid_original,
    cityscapes,
    coco,
    coco_instances,
    cvat,
    generic,
    labelme,
    sun_rgbd,
    supervisely,
    voc,
    yolo,
)
from .class_files import read_class_file
from .layout import Layout
from .tree import list_tree
from .what_is_there import what_is_there

FORMATS: dict[str, Callable[[Path], Layout | None]] = {
    "camvid": camvid.find,
    "camvid-original": camvid_original.find,
    "camvid-original-32": camvid_original.find_32,
    "cityscapes": cityscapes.find,
    "voc": voc.find,
    "sun-rgbd": sun_rgbd.find,
    "coco-panoptic": coco.find_panoptic,
    "coco-stuff": coco.find_stuff,
    "ade20k": ade20k.find,
    "generic": generic.find,
    "labelme": labelme.find,
    "supervisely": supervisely.find,
    "coco-instances": coco_instances.find,
    "yolo": yolo.find,
    "cvat": cvat.find,
}
"""The formats in the order of the attempts. The first whose layout fits is the folder's format."""

NAMES_LIKE = {
    "camvid": re.compile(r"(0001TP|0006R0|0016E5|Seq05VD|scene)_\w*\d"),
    "cityscapes": re.compile(r"\w+_\d{6}_\d{6}_leftImg8bit"),
    "voc": re.compile(r"20\d\d_\d{6}"),
    "coco-stuff": re.compile(r"\d{12}"),
    "ade20k": re.compile(r"ADE_\w+_\d{8}"),
}
"""Names of the images of benchmarks whose folder names are too common."""
LOOKED_AT = 5


def open_layout(
    root: Path, name: str | None = None, images: str | None = None, masks: str | None = None
) -> tuple[str, Layout]:
    """Find the format and the layout of a folder.

    A benchmark's own classes are used only if the images have the benchmark's names, a few masks hold no other values,
    and no file beside them names other classes.

    Args:
        root: the data set's folder.
        name: name of the format; None: the first that fits.
        images: pattern of the images; the format is then ``generic``.
        masks: pattern of the masks.

    Raises:
        UserError: there is no such folder, its layout is unknown, or its files do not fit its format.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; name the folder that holds the images and the masks")
    if images or masks:
        if name not in (None, "generic"):
            raise UserError(f"patterns of images and masks go with the format generic, not with {name}")
        layout = generic.find(root, images, masks)
        if layout is None:
            raise UserError(f"{root}: no file of the images' pattern pairs up by name with one of the masks'")
        return "generic", layout
    for format_name in [name] if name else FORMATS:
        layout = FORMATS[format_name](root)
        if layout and layout.pairs and (name or is_its_own(format_name, root, layout)):
            if format_name != "generic":
                layout = replace(layout, notes=[*layout.notes, *list_tree(root).notes()])
            return format_name, layout
    found = what_is_there(list_tree(root))
    expected = f"is not laid out as {name}" if name else "holds no images with masks in any layout that is known"
    raise UserError(
        f"{root}: {expected}; there are {found}. Give each mask the name of its image, or say which files are which "
        "with --images PATTERN and --masks PATTERN (docs/your_own_data.md)"
    )


def is_its_own(name: str, root: Path, layout: Layout) -> bool:
    """Whether a folder with a benchmark's layout holds the benchmark's data."""
    if name not in NAMES_LIKE:
        return True
    chosen = [layout.pairs[place] for place in spread(LOOKED_AT, len(layout.pairs))]
    if not all(NAMES_LIKE[name].fullmatch(pair.image.stem) for pair in chosen):
        return False
    named = read_class_file(root)
    if named and layout.classes and not set(layout.classes.names) <= set(named.names):
        return False
    try:
        return not any(layout.coding.decode(pair).unknown for pair in chosen)
    except UserError:
        return True  # a damaged file is reported when it is read
