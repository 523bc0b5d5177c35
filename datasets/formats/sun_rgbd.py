"""SUN RGB-D's 37 indoor classes as grey masks, 0 ignored (Song, Lichtenberg and Xiao, CVPR 2015).

There are two layouts: ``image/SPLIT/img-000001.jpg`` beside ``label37/SPLIT/img37labels-000001.png``, and folders
``SUNRGBD-train_images`` and ``SUNRGBD-test_images`` beside one folder of labels, whose first 5,050 belong to test.
"""

from pathlib import Path

from ..classes import ClassSet, voc_color
from ..coding import Coding
from .files import folders_in, images_in, match, number_of, together
from .layout import Layout

LIST = (
    "wall,floor,cabinet,bed,chair,sofa,table,door,window,bookshelf,image,counter,blinds,desk,shelves,curtain,dresser,"
    "pillow,mirror,floor mat,clothes,ceiling,books,refrigerator,television,paper,towel,shower curtain,box,whiteboard,"
    "person,night stand,toilet,sink,lamp,bathtub,bag"
)
NAMES = LIST.split(",")
SUN_RGBD = ClassSet(tuple(NAMES), tuple(voc_color(label) for label in range(1, len(NAMES) + 1)))
TEST_IMAGES = 5050


def find(root: Path) -> Layout | None:
    """The layout if the folder has it, else None."""
    if (root / "label37").is_dir() and (root / "image").is_dir():
        matches = {
            split.name: match(images_in(split), images_in(root / "label37" / split.name), number_of)
            for split in folders_in(root / "image")
        }
    else:
        folders = {split: root / f"SUNRGBD-{split}_images" for split in ("train", "test")}
        labels = next((path for path in folders_in(root) if "label" in path.name.lower()), None)
        if labels is None or not any(folder.is_dir() for folder in folders.values()):
            return None
        masks = images_in(labels)
        of_split = {
            "train": [path for path in masks if int(number_of(path)) > TEST_IMAGES],
            "test": [path for path in masks if int(number_of(path)) <= TEST_IMAGES],
        }
        matches = {
            split: match(images_in(folder), of_split[split], number_of, _number_in_split)
            for split, folder in folders.items()
            if folder.is_dir()
        }
    pairs, without_mask, without_image = together(matches)
    coding = Coding({0: SUN_RGBD.ignore_index} | {value + 1: value for value in range(len(SUN_RGBD))})
    return Layout("SUN RGB-D, 37 classes", pairs, SUN_RGBD, coding, without_mask, without_image)


def _number_in_split(mask: Path) -> str:
    index = int(number_of(mask))
    return str(index - TEST_IMAGES if index > TEST_IMAGES else index)
