"""The data set that a config names."""

from segnet.config import DataConfig
from segnet.errors import UserError

from .camvid import load_camvid
from .classes import ClassSet
from .folder import load_folder
from .samples import ImagesAndMasks
from .shards import load_shards

SCENES_ROOT = "data/scenes"


def load_split(data: DataConfig, split: str) -> ImagesAndMasks:
    """One split of the data set of ``data``; sample scenes are drawn first where they are not there yet.

    Raises:
        UserError: the data or a setting that they need is not there.
    """
    if data.name == "camvid":
        return load_camvid(data.root, split, data.cache)
    if data.name == "scenes":
        from .scenes import ensure_scenes

        return load_camvid(str(ensure_scenes(data.root or SCENES_ROOT)), split, data.cache)
    if data.name == "shards":
        return load_shards(data.root, split)
    if data.root is None:
        raise UserError("data.root is not set: name the folder that holds images/ and masks/")
    return load_folder(data.root, split, folder_classes(data), data.cache)


def load_train_split(data: DataConfig) -> ImagesAndMasks:
    """The train split, or ``train_share`` of it: at least one image, in equal steps over the split's order.

    Raises:
        UserError: as for a split.
    """
    split = load_split(data, data.train)
    if data.train_share == 1:
        return split
    count = max(1, round(data.train_share * len(split)))
    return split.subset([number * len(split) // count for number in range(count)])


def folder_classes(data: DataConfig) -> ClassSet:
    """Classes of a folder data set; colours that are not given are told apart by hue and brightness.

    Raises:
        UserError: no class names, another number of colours, or an ignored label that is a class.
    """
    if not data.classes:
        raise UserError("data.classes is not set: name the classes in the order of the masks' labels")
    colors = data.colors if data.colors is not None else [_color(label + 1) for label in range(len(data.classes))]
    ignore_index = 255 if data.ignore_index is None else data.ignore_index
    try:
        return ClassSet(tuple(data.classes), tuple(colors), ignore_index)
    except ValueError as error:
        raise UserError(f"data.classes, data.colors, data.ignore_index: {error}") from None


def _color(number: int) -> tuple[int, int, int]:
    """Colour ``number`` of the PASCAL VOC colour map: its bits in turn set the highest bits of red, green, blue."""
    channels = [0, 0, 0]
    for bit in range(8):
        channels[bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
    return channels[0], channels[1], channels[2]
