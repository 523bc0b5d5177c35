"""Anything that can be given as an image, as pixels and with a name."""

import itertools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from typing_extensions import TypeIs

from segnet.datasets.image_files import Pixels
from segnet.errors import UserError
from segnet.inference.image_input import ImageInput, is_address, path_of_address

AnyImage = str | Path | Image.Image | NDArray[Any]
"""A path or an address, a PIL image, or an array ``(H, W, 3)`` uint8 RGB."""


def path_of(image: str | Path) -> Path:
    """The path of an image; for an address, the name that its file would have."""
    return path_of_address(str(image)) if is_address(str(image)) else Path(image)


class Names:
    """Gives each image a unique name."""

    def __init__(self) -> None:
        self.taken: dict[str, Path] = {}

    def free_for(self, path: Path) -> str:
        """The file's name without suffix, if it is free.

        If a file of the same folder has it, the suffix becomes part of the name: ``street_png``. If a file of another
        folder has it, the folder's name comes before it: ``day_street``.
        """
        folder, stem = path.absolute().parent, path.stem
        is_beside = self.taken.get(stem) == folder
        longer = f"{stem}_{path.suffix[1:].lower()}" if is_beside else f"{folder.name}_{stem}"
        return self.free(stem, longer, folder=folder)

    def free(self, *candidates: str, folder: Path = Path()) -> str:
        """The first of the candidates that is free, or the first with an index; ``folder`` is noted as the image's."""
        numbered = (f"{shortened(candidates[0], 8)}_{index}" for index in itertools.count(2))
        short = map(shortened, itertools.chain(candidates, numbered))
        name = next(name for name in short if name not in self.taken)
        self.taken[name] = folder
        return name


LONGEST_NAME, LONGEST_ENDING = 255, len("_probabilities.npy")
"""In bytes: a file's name in all common file systems, and what is written behind an image's name."""


def shortened(name: str, more: int = 0) -> str:
    """As much of a name as leaves room for an ending of ours and ``more`` bytes."""
    while len(os.fsencode(name)) > LONGEST_NAME - LONGEST_ENDING - more:
        name = name[:-1]
    return name


def is_one_image(images: AnyImage | Iterable[AnyImage]) -> TypeIs[AnyImage]:
    """Whether ``images`` is a single image."""
    return isinstance(images, str | Path | Image.Image) or (isinstance(images, np.ndarray) and images.ndim != 4)


def as_pixels(image: AnyImage) -> Pixels:
    """``(H, W, 3)`` uint8 RGB, upright.

    Raises:
        UserError: it is no such image. Ambiguous arrays are never converted.
    """
    if isinstance(image, str | Path):
        origin = str(image) if is_address(str(image)) else ""
        pages = ImageInput(path_of(image), origin).pages()
        if pages.total > 1:
            raise UserError(f"{image}: a stack of {pages.total} images; give them one by one, or to `segnet predict`")
        return next(pages.images)
    if isinstance(image, Image.Image):
        if image.mode.startswith(("I", "F")):
            raise UserError(f"a PIL image of mode {image.mode}: give one with 8 bits a channel")
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[-1] != 3:
        raise UserError(
            f"an array of shape {array.shape} and type {array.dtype}: give (H, W, 3) uint8 in the order red, green, "
            "blue; or a path, or a PIL image"
        )
    return array
