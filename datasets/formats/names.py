"""Names that people give to folders and files: which is of images, which of masks, which image a mask belongs to."""

import re
from pathlib import Path

IMAGES = (
    "image images img imgs rgb input inputs raw frame frames photo photos picture pictures jpegimages original "
    "originals leftimg8bit"
)
MASKS = (
    "mask masks label labels annotation annotations annot annots gt groundtruth ground_truth target targets "
    "segmentation segmentations segmentationclass seg segs labelids gtfine indexlabel"
)
ENDINGS = (
    "_mask _masks _label _labels _labelids _labeltrainids _gt _groundtruth _seg _segmentation _annotation _annot "
    "_target _l -mask -label -gt .mask"
)
IMAGE_FOLDERS = frozenset(IMAGES.split())
MASK_FOLDERS = frozenset(MASKS.split())
MASK_ENDINGS = tuple(ENDINGS.split())
MASK_BEGINNINGS = ("mask_", "label_", "gt_", "seg_", "annotation_")
IMAGE_ENDINGS = ("_image", "_img", "_rgb", "_sat", "_input", "_leftimg8bit", "-image")
IMAGE_BEGINNINGS = ("image_", "img_", "rgb_")
FOLDER_ENDINGS = ("annot", "_annot", "_annotations", "_labels", "_label", "_masks", "_mask", "_gt", "labels", "masks")

SPLIT_NAMES = {"training": "train", "validation": "val", "valid": "val", "testing": "test"}
"""What other names the usual splits have."""


def split_name(folder: str) -> str:
    """The split that a folder holds; what has a meaning in a choice of splits becomes ``_``."""
    return SPLIT_NAMES.get(folder.lower(), re.sub("[@+%-]", "_", folder))


def image_key(path: Path) -> str:
    """What an image's name says beyond that it is an image."""
    return _stripped(path.stem, IMAGE_BEGINNINGS, IMAGE_ENDINGS)


def mask_key(path: Path) -> str:
    """What a mask's name says beyond that it is a mask."""
    return _stripped(path.stem, MASK_BEGINNINGS, MASK_ENDINGS)


def is_mask_name(path: Path) -> bool:
    return mask_key(path) != path.stem


def _stripped(stem: str, beginnings: tuple[str, ...], endings: tuple[str, ...]) -> str:
    """The name without the first beginning and the first ending that it has; letters keep their case."""
    for ending in endings:
        if stem.lower().endswith(ending) and len(stem) > len(ending):
            stem = stem[: -len(ending)]
            break
    for beginning in beginnings:
        if re.match(re.escape(beginning) + ".", stem.lower()):
            return stem[len(beginning) :]
    return stem
