"""List the files of a data set's folder, and match masks to images by a key in their names."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from segnet.errors import UserError

from ..image_files import IMAGE_SUFFIXES
from ..pair import Pair
from ..strays import is_stray

Key = Callable[[Path], str]


class Matches(NamedTuple):
    """Pairs in the images' order, and files without a partner."""

    pairs: list[Pair]
    without_mask: list[Path]
    without_image: list[Path]


def is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not is_stray(path.name)


def images_in(folder: Path) -> list[Path]:
    """Image files of one folder, sorted by name; empty if there is no such folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(folder / entry.name for entry in entries if is_image(Path(entry.name)) and entry.is_file())


def images_below(folder: Path) -> list[Path]:
    """Image files of a folder and its subfolders, sorted by path."""
    found = images_in(folder)
    for inner in folders_in(folder):
        found += images_below(inner)
    return found


def folders_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(folder / entry.name for entry in entries if entry.is_dir() and not is_stray(entry.name))


def match(images: Iterable[Path], masks: Iterable[Path], image_key: Key, mask_key: Key | None = None) -> Matches:
    """Pair the files with equal keys.

    Raises:
        UserError: two images or two masks have the same key.
    """
    mask_of = _by_key(masks, mask_key or image_key)
    image_of = _by_key(images, image_key)
    pairs = [Pair(image, mask_of[key]) for key, image in image_of.items() if key in mask_of]
    without_mask = [image for key, image in image_of.items() if key not in mask_of]
    without_image = [mask for key, mask in mask_of.items() if key not in image_of]
    return Matches(pairs, without_mask, without_image)


def number_of(path: Path) -> str:
    """The last number of a file's name without leading zeros, as a key."""
    numbers = re.findall(r"\d+", path.stem)
    return str(int(numbers[-1])) if numbers else path.stem


def together(matches: Mapping[str, Matches]) -> tuple[dict[str, list[Pair]], list[Path], list[Path]]:
    """The pairs by split, and the files without a partner in any."""
    return (
        {split: found.pairs for split, found in matches.items() if found.pairs},
        [path for found in matches.values() for path in found.without_mask],
        [path for found in matches.values() for path in found.without_image],
    )


def _by_key(paths: Iterable[Path], key: Key) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        name = key(path)
        if name in found:
            raise UserError(f"{path}: stands for the same sample as {found[name]}; rename or take out one of them")
        found[name] = path
    return found
