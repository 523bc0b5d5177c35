"""Data sets as others publish them: one small reader a format, each of which says whether a folder is its own."""

from collections.abc import Callable
from pathlib import Path

from segnet.errors import UserError

from . import ade20k, camvid, camvid_original, cityscapes, coco, generic, sun_rgbd, voc
from .layout import Layout

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
}
"""In the order in which they are tried; the first whose layout a folder has is its format."""


def open_layout(root: Path, name: str | None = None) -> tuple[str, Layout]:
    """The format and the layout of a folder.

    Args:
        root: the data set's folder.
        name: of the format; None: the first that fits.

    Raises:
        UserError: there is no such folder, it is laid out in no known way, or its files do not fit its format.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; name the folder that holds the images and the masks")
    for format_name in [name] if name else FORMATS:
        layout = FORMATS[format_name](root)
        if layout and layout.pairs:
            return format_name, layout
    expected = f"is not laid out as {name}" if name else "holds no images with masks in any layout that is known"
    raise UserError(
        f"{root}: {expected}; put the images in images/ and the masks in masks/ with the same names, "
        "or see docs/your_own_data.md for the layouts"
    )
