"""Tell images from masks: first by their content, then by words in their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from segnet.errors import UserError
from segnet.rounding import ceil_div

from ..image_files import open_image
from ..masks import pack_pixels
from .names import IMAGE_WORDS, MASK_WORDS, folder_words
from .pairing import Group

Side = Literal["image", "mask"]

SAMPLES = 3
"""Files of a group that are opened."""
MAX_LOOKED_AT = 40
"""Groups that are opened. The others follow from the words that these have."""
FEW, FLAT = 48, 0.7
"""A mask has few values, and most of its pixels equal their neighbour."""


class Look(NamedTuple):
    """A file in two numbers: the number of its values, and the share of pixels that equal their neighbour."""

    values: int
    flatness: float


def sides_of(root: Path, groups: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """The groups of images and the groups of masks."""
    step = ceil_div(len(groups), MAX_LOOKED_AT)
    looks = {group: _look(root, group) for group in groups[::step]} if groups else {}
    side_of = {group: _by_content(look) for group, look in looks.items()}
    if len(set(side_of.values())) == 1:
        # All look alike, as drawings and their masks do, so the words decide.
        side_of = {}
    for group in groups:
        if not side_of.get(group):
            side_of[group] = _by_words(group) or _by_others(group, side_of)
    if "mask" not in side_of.values() or "image" not in side_of.values():
        _compare(looks, side_of)
    masks = [group for group in groups if side_of[group] == "mask"]
    return [group for group in groups if side_of[group] != "mask"], masks


def _look(root: Path, group: Group) -> Look | None:
    """The median over a few files. Files of a single value do not count."""
    count = min(SAMPLES, len(group.names))
    names = [group.names[place * (len(group.names) - 1) // max(count - 1, 1)] for place in range(count)]
    found = [look for name in names if (look := _look_at(root.joinpath(*group.parts, name)))]
    found = [look for look in found if look.values > 1]
    return sorted(found, key=lambda look: look.flatness)[len(found) // 2] if found else None


def _look_at(path: Path) -> Look | None:
    try:
        image = open_image(path, "mask")
    except UserError:
        return None
    pixels = np.asarray(image.convert("RGB") if image.mode not in ("L", "P", "1", "I;16", "I", "RGB") else image)
    values = pack_pixels(pixels) if pixels.ndim == 3 else pixels
    if values.shape[1] < 2:
        return None
    return Look(len(np.unique(values[::3, ::3])), float((values[:, 1:] == values[:, :-1]).mean()))


def _by_content(look: Look | None) -> Side | None:
    if look is None:
        return None
    if look.values <= FEW and look.flatness >= FLAT:
        return "mask"
    return "image" if look.values > FEW and look.flatness < FLAT else None


def _by_words(group: Group) -> Side | None:
    """The last word that names a side. Words of files come before words of folders."""
    of_folders = [word for part in group.parts for word in folder_words(part)]
    for words in (group.kind[:0:-1], of_folders[::-1]):
        for word in words:
            if word in MASK_WORDS:
                return "mask"
            if word in IMAGE_WORDS:
                return "image"
    return None


def _by_others(group: Group, side_of: dict[Group, Side | None]) -> Side | None:
    """The side of the opened groups that have most words in common which the other side does not have."""
    words = {side: [g.words for g, own in side_of.items() if own == side] for side in ("image", "mask")}
    of_images, of_masks = (set().union(*words[side]) for side in ("image", "mask"))
    only = len(group.words & (of_images - of_masks)), len(group.words & (of_masks - of_images))
    if only[0] != only[1]:
        return "image" if only[0] > only[1] else "mask"
    return None


def _compare(looks: dict[Group, Look | None], side_of: dict[Group, Side | None]) -> None:
    """If one side is unknown, the flatter half of the opened groups are the masks."""
    known = {group: look.flatness for group, look in looks.items() if look}
    if not known or max(known.values()) - min(known.values()) < 0.1:
        return
    middle = (max(known.values()) + min(known.values())) / 2
    for group, flatness in known.items():
        side_of[group] = "mask" if flatness > middle else "image"
