"""A user's own data: a folder of images and a folder of index masks."""

from pathlib import Path

from segnet.errors import UserError

from .classes import ClassSet
from .folder_cache import file_names
from .image_files import IMAGE_SUFFIXES
from .lists import fields, read_lines
from .pair import Pair
from .samples import ImagesAndMasks
from .splits import select_split
from .stacks import with_pages
from .strays import is_stray


def load_folder(root: str, split: str, classes: ClassSet, cache: float = 1) -> ImagesAndMasks:
    """Images and masks of ``split``, paired by file name.

    The files lie in ``root/images/SPLIT`` and ``root/masks/SPLIT``, or ``root/SPLIT.txt`` has an image and a mask on
    each line. Without splits, they lie in ``root/images`` and ``root/masks``, and any name stands for all of them.
    ``split`` is any choice of :mod:`.splits`. Each page of a TIFF stack is a sample.

    Raises:
        UserError: a folder, a mask or a listed file is missing, or the split is empty.
    """
    pairs = select_split(split, lambda name: split_pairs(Path(root).expanduser(), name), root)
    return ImagesAndMasks(with_pages(pairs), classes, cache)


def split_pairs(root: Path, name: str) -> list[Pair]:
    images, masks = root / "images", root / "masks"
    if (root / f"{name}.txt").is_file():
        return pairs_from_list(root / f"{name}.txt", root)
    if (images / name).is_dir():
        return pairs_from_folders(images / name, masks / name)
    if not images.is_dir():
        raise UserError(f"{root}: no folder images/ and no list {name}.txt; set data.root to a folder that has them")
    splits = sorted(path.name for path in images.iterdir() if path.is_dir() and not is_stray(path.name))
    if splits:
        raise UserError(f"{images}: no split {name!r}; there is {', '.join(splits)}")
    return pairs_from_folders(images, masks)


def pairs_from_folders(images: Path, masks: Path) -> list[Pair]:
    """Every image of a folder with the mask of the same name (the suffix may differ), sorted by name.

    Raises:
        UserError: an image has no mask, or two files share a name.
    """
    mask_of = _names_by_stem(masks)
    pairs = []
    for stem, image in _names_by_stem(images).items():
        if stem not in mask_of:
            raise UserError(f"{images / image}: no mask {stem}.png in {masks}; add it or take the image out")
        pairs.append(Pair(images / image, masks / mask_of[stem]))
    return pairs


def pairs_from_list(list_file: Path, root: Path) -> list[Pair]:
    """The pairs of a text file with an image and a mask on each line, in its order.

    Published lists hold absolute paths of their authors' machine (``/SegNet/CamVid/train/0001TP_006690.png``), so a
    path that does not exist is looked up below ``root`` by its last two parts.

    Raises:
        UserError: a line does not have two paths, or a file is missing.
    """
    pairs = []
    for number, line in read_lines(list_file):
        paths = fields(line, lambda path: _locate(path, root).is_file())
        if len(paths) != 2:
            raise UserError(f"{list_file}, line {number}: expected an image and a mask, found {len(paths)} paths")
        image, mask = (_locate(path, root) for path in paths)
        for path, kind in ((image, "image"), (mask, f"mask for {image.name}")):
            if not path.is_file():
                raise UserError(f"{list_file}, line {number}: no such {kind}: {path}")
        pairs.append(Pair(image, mask))
    return pairs


def _locate(path: str, root: Path) -> Path:
    as_written = root / path
    return as_written if as_written.is_file() else root.joinpath(*path.split("/")[-2:])


def _names_by_stem(folder: Path) -> dict[str, str]:
    """Image files by their name without suffix. They are text, since making 200,000 paths takes seconds."""
    names: dict[str, str] = {}
    for name in file_names(folder):
        stem, _, suffix = name.rpartition(".")
        if not stem or f".{suffix.lower()}" not in IMAGE_SUFFIXES or is_stray(name):
            continue
        if stem in names:
            raise UserError(f"{folder / name}: {names[stem]} has the same name, so its mask is not clear; rename one")
        names[stem] = name
    return names
