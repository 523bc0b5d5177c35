"""A user's own data: a folder of images and a folder of index masks."""

from pathlib import Path

from segnet.errors import UserError

from .classes import ClassSet
from .pairs import pairs_from_folders, pairs_from_list
from .samples import ImagesAndMasks, Pair
from .splits import select_split


def load_folder(root: str, split: str, classes: ClassSet, cache: float = 1) -> ImagesAndMasks:
    """Images and masks of ``split``, paired by file name.

    The files lie in ``root/images/SPLIT`` and ``root/masks/SPLIT``, or ``root/SPLIT.txt`` lists an image and a mask a
    line, or, without splits, in ``root/images`` and ``root/masks``, where any name stands for all of them. ``split`` is
    any choice of :mod:`.splits`.

    Raises:
        UserError: a folder, a mask or a listed file is not there, or the split is empty.
    """
    pairs = select_split(split, lambda name: split_pairs(Path(root).expanduser(), name))
    if not pairs:
        raise UserError(f"{root}: the split {split!r} holds no images")
    return ImagesAndMasks(pairs, classes, cache)


def split_pairs(root: Path, name: str) -> list[Pair]:
    images, masks = root / "images", root / "masks"
    if (root / f"{name}.txt").is_file():
        return pairs_from_list(root / f"{name}.txt", root)
    if (images / name).is_dir():
        return pairs_from_folders(images / name, masks / name)
    if not images.is_dir():
        raise UserError(f"{root}: no folder images/ and no list {name}.txt; set data.root to a folder that has them")
    splits = sorted(path.name for path in images.iterdir() if path.is_dir())
    if splits:
        raise UserError(f"{images}: no split {name!r}; there is {', '.join(splits)}")
    return pairs_from_folders(images, masks)
