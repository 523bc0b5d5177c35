"""The data set that a config names."""

import re
from dataclasses import replace
from pathlib import Path

from segnet.config import DataConfig
from segnet.errors import UserError

from .camvid.load import load_camvid
from .classes import ClassSet, voc_color
from .coding import Coding
from .folder import load_folder
from .masks import GREY, TRANSPARENT, pack
from .meaning import classes_of
from .merging import merge_classes
from .readable import without_unreadable
from .samples import ImagesAndMasks
from .shards import load_shards
from .splits import select_split, spread

SCENES_ROOT = "data/scenes"


def load_split(data: DataConfig, split: str) -> ImagesAndMasks:
    """Load one split of the data set of ``data``, with its merged and ignored classes.

    Sample scenes are drawn first if they do not exist yet.

    Raises:
        UserError: the data or a needed setting is missing, or there is no class of a name.
    """
    if data.on_error == "skip":
        dataset = without_unreadable(_load(data.model_copy(update={"cache": 0.0}), split), data.cache)
    else:
        dataset = _load(data, split)
    return merge_classes(dataset, data.merge, data.ignore)


def _load(data: DataConfig, split: str) -> ImagesAndMasks:
    """Load one split with the classes of its masks."""
    if data.name == "camvid":
        return load_camvid(data.root, split, data.cache)
    if data.name == "scenes":
        from .scenes import ensure_scenes

        return load_camvid(str(ensure_scenes(data.root or SCENES_ROOT)), split, data.cache)
    if data.name == "shards":
        return load_shards(data.root, split)
    if data.root is None:
        raise UserError("data.root is not set: name the folder that holds images/ and masks/")
    if data.format is not None or data.images or data.masks:
        return _load_format(data, Path(data.root).expanduser(), split)
    return load_folder(data.root, split, folder_classes(data), data.cache)


def load_for_one_pass(data: DataConfig, split: str) -> ImagesAndMasks:
    """The same without a cache of decoded samples, which is of no use if each sample is read once.

    Raises:
        UserError: as for a split.
    """
    return load_split(data.model_copy(update={"cache": 0.0}), split)


def _load_format(data: DataConfig, root: Path, split: str) -> ImagesAndMasks:
    """Load a split with another layout than the plain one. Its masks are decoded as they are read."""
    from .formats import open_layout

    _, layout = open_layout(root, data.format, data.images, data.masks)
    if layout.classes is not None:
        classes, coding = _renamed(layout.classes, data), layout.coding
    elif data.classes or layout.named is None:
        classes, coding = folder_classes(data), replace(_coding(data), source=layout.coding.source)
    else:
        classes, coding = classes_of(layout.named, ignore="auto" if data.ignore_index is None else data.ignore_index)
    pairs = select_split(split, layout.split, root)
    return ImagesAndMasks(pairs, classes, data.cache, coding)


def _coding(data: DataConfig) -> Coding:
    """The meaning of the masks' values in the config."""
    classes = folder_classes(data)
    values = data.labels if data.labels is not None else list(range(len(classes)))
    if len(values) != len(classes):
        raise UserError(f"data.labels: {len(values)} values for {len(classes)} classes")
    label_of = dict.fromkeys(data.ignore_values, classes.ignore_index) | {v: label for label, v in enumerate(values)}
    numbers = {value: label for value, label in label_of.items() if isinstance(value, int)}
    colors = {_color_value(text): label for text, label in label_of.items() if isinstance(text, str)}
    by_color = bool(colors)
    if by_color:
        # A black mask among coloured ones may be saved as grey.
        numbers |= {value & 255: label for value, label in colors.items() if value == (value & 255) * GREY}
    elif data.colors and data.labels is None:
        colors = {pack(color): label for label, color in enumerate(classes.colors)}
    indices = numbers if by_color else {classes.ignore_index: classes.ignore_index} | numbers
    return Coding(indices, colors, classes.ignore_index, by_color, data.snap, origin="the config")


def _color_value(text: str) -> int:
    if text == "transparent":
        return TRANSPARENT
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise UserError(
            f"data.labels, data.ignore_values: {text!r} is not a colour; write values of the masks, '#rrggbb' or "
            "transparent. Names of classes to leave out go in data.ignore"
        )
    return int(text[1:], 16)


def _renamed(classes: ClassSet, data: DataConfig) -> ClassSet:
    """The format's classes, with the config's names and colours if it has them."""
    names = tuple(data.classes or classes.names)
    colors = tuple(data.colors or classes.colors)
    if not len(names) == len(colors) == len(classes):
        raise UserError(f"data.classes, data.colors: data.format={data.format} has {len(classes)} classes")
    return ClassSet(names, colors, classes.ignore_index)


def load_train_split(data: DataConfig) -> ImagesAndMasks:
    """The train split, or ``train_share`` of it: at least one image, in equal steps over the split's order.

    Raises:
        UserError: as for a split.
    """
    split = load_split(data, data.train)
    if data.train_share == 1:
        return split
    share = split.subset(spread(max(1, round(data.train_share * len(split))), len(split)))
    share.left_out = split.left_out
    return share


def folder_classes(data: DataConfig) -> ClassSet:
    """Classes of a folder data set. Missing colours are chosen to differ in hue and brightness.

    Raises:
        UserError: there are no class names, the number of colours differs, or the ignored label is a class.
    """
    if not data.classes:
        raise UserError("data.classes is not set: name the classes in the order of the masks' labels")
    colors = data.colors if data.colors is not None else [voc_color(label + 1) for label in range(len(data.classes))]
    ignore_index = 255 if data.ignore_index is None else data.ignore_index
    try:
        return ClassSet(tuple(data.classes), tuple(colors), ignore_index)
    except ValueError as error:
        raise UserError(f"data.classes, data.colors, data.ignore_index: {error}") from None
