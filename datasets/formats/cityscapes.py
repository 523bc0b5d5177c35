"""Cityscapes: ``leftImg8bit/SPLIT/CITY/*_leftImg8bit.png`` and ``gtFine/SPLIT/CITY/*_gtFine_labelIds.png``.

The 34 label ids become the 19 train ids of the benchmark; the others are ignored (Cordts et al., arXiv 1604.01685).
A sequence is a city.
"""

from pathlib import Path
from typing import NamedTuple

from ..classes import ClassSet
from ..coding import Coding
from ..masks import RGB
from .files import folders_in, images_below, match, together
from .layout import Layout

LABEL_IDS = range(-1, 34)
IMAGE, MASK = "_leftImg8bit", "_gtFine_labelIds"


class Label(NamedTuple):
    """A class with its value in ``labelIds`` masks."""

    label_id: int
    name: str
    color: RGB


LABELS = (
    Label(7, "road", (128, 64, 128)),
    Label(8, "sidewalk", (244, 35, 232)),
    Label(11, "building", (70, 70, 70)),
    Label(12, "wall", (102, 102, 156)),
    Label(13, "fence", (190, 153, 153)),
    Label(17, "pole", (153, 153, 153)),
    Label(19, "traffic light", (250, 170, 30)),
    Label(20, "traffic sign", (220, 220, 0)),
    Label(21, "vegetation", (107, 142, 35)),
    Label(22, "terrain", (152, 251, 152)),
    Label(23, "sky", (70, 130, 180)),
    Label(24, "person", (220, 20, 60)),
    Label(25, "rider", (255, 0, 0)),
    Label(26, "car", (0, 0, 142)),
    Label(27, "truck", (0, 0, 70)),
    Label(28, "bus", (0, 60, 100)),
    Label(31, "train", (0, 80, 100)),
    Label(32, "motorcycle", (0, 0, 230)),
    Label(33, "bicycle", (119, 11, 32)),
)
"""The trained classes. A class's train id is its position."""

CITYSCAPES = ClassSet(tuple(label.name for label in LABELS), tuple(label.color for label in LABELS))


def find(root: Path) -> Layout | None:
    """The layout if the folder has it, else None."""
    images, masks = root / "leftImg8bit", root / "gtFine"
    if not (images.is_dir() and masks.is_dir()):
        return None
    matches = {
        split.name: match(
            images_below(split),
            [path for path in images_below(masks / split.name) if path.stem.endswith(MASK)],
            lambda path: path.stem.removesuffix(IMAGE),
            lambda path: path.stem.removesuffix(MASK),
        )
        for split in folders_in(images)
    }
    pairs, without_mask, without_image = together(matches)
    ignored = {label_id & 255: CITYSCAPES.ignore_index for label_id in LABEL_IDS}
    coding = Coding(ignored | {label.label_id: train_id for train_id, label in enumerate(LABELS)})
    return Layout("Cityscapes", pairs, CITYSCAPES, coding, without_mask, without_image)
