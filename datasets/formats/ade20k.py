"""ADE20K's scene parsing benchmark: ``images/SPLIT`` and grey masks in ``annotations/SPLIT``, 150 classes from 1 on.

Zhou et al., CVPR 2017. Value 0 is ignored.
"""

from pathlib import Path

from ..classes import ClassSet, voc_color
from ..coding import Coding
from .files import folders_in, images_below, match, together
from .layout import Layout

NAMES = Path(__file__).with_name("ade20k.txt")
SPLITS = {"training": "train", "validation": "val"}


def find(root: Path) -> Layout | None:
    """The layout if the folder has it, else None. ``training`` and ``validation`` become train and val."""
    images, masks = root / "images", root / "annotations"
    if not all((folder / split).is_dir() for folder in (images, masks) for split in SPLITS):
        return None
    matches = {
        SPLITS.get(split.name, split.name): match(
            images_below(split), images_below(masks / split.name), lambda path: path.stem
        )
        for split in folders_in(images)
        if (masks / split.name).is_dir()
    }
    pairs, without_mask, without_image = together(matches)
    names = NAMES.read_text(encoding="utf-8").splitlines()
    classes = ClassSet(tuple(names), tuple(voc_color(label) for label in range(1, len(names) + 1)))
    coding = Coding({0: classes.ignore_index} | {value + 1: value for value in range(len(classes))})
    return Layout("ADE20K", pairs, classes, coding, without_mask, without_image)
