"""The prediction of one image, and its display."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from typing_extensions import TypeIs

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Pixels, as_png, pages_of, read_image
from segnet.errors import UserError
from segnet.files import write_atomically
from segnet.inference.overlay import Legend, Overlay, class_shares
from segnet.inference.predictor import Predictor

AnyImage = str | Path | Image.Image | NDArray[Any]
"""A path, a PIL image, or an array ``(H, W, 3)`` uint8 RGB."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The classes of one image. In a notebook it shows itself as its overlay with a legend.

    Attributes:
        name: of the image, without a suffix; files that are saved begin with it.
        image: ``(H, W, 3)`` uint8 RGB.
        mask: class indices ``(H, W)`` uint8.
        predictor: made the mask.
        opacity: of the overlay's colours, 0–1.
        contours: the overlay has lines between the classes.
    """

    name: str
    image: Pixels = field(repr=False)
    mask: Pixels = field(repr=False)
    predictor: Predictor = field(repr=False)
    opacity: float = 0.5
    contours: bool = False

    @property
    def classes(self) -> ClassSet:
        """Names and colours of the classes."""
        return self.predictor.classes

    @cached_property
    def overlay(self) -> Pixels:
        """The image under the colours of its classes, ``(H, W, 3)`` uint8 RGB."""
        return Overlay(self.classes, self.opacity, self.contours).draw(self.image, self.mask)

    @cached_property
    def shares(self) -> dict[str, float]:
        """Each class's share of the pixels, 0–1, by name in the order of the indices."""
        return dict(zip(self.classes.names, class_shares(self.mask, len(self.classes)).tolist(), strict=True))

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Softmax of the class in the mask, ``(H, W)`` float32, 0–1.

        The network runs once more when this is asked for, with other dropout samples where it samples: most callers
        want the mask alone, which takes less.
        """
        probabilities = self.predictor.probabilities([self.image])[0]
        return np.asarray(np.take_along_axis(probabilities, self.mask[None].astype(np.intp), axis=0)[0], np.float32)

    def overlay_with_legend(self) -> Pixels:
        """The overlay above a strip with the colour, the name and the share of each class, ``(H', W, 3)`` uint8 RGB."""
        legend = Legend(Overlay(self.classes), self.mask.shape)
        return np.concatenate([self.overlay, legend.draw(np.array(list(self.shares.values())))])

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``NAME_mask.png``, class indices, and ``NAME_overlay.png``, with a legend; the folder is made.

        Returns:
            The two files.
        """
        Path(folder).mkdir(parents=True, exist_ok=True)
        written = {Path(folder) / f"{self.name}{ending}": content for ending, content in self.files().items()}
        for path, content in written.items():
            write_atomically(path, content)
        return list(written)

    def files(self) -> dict[str, bytes]:
        """The content of the files that :meth:`save` writes, by what follows the name."""
        return {"_mask.png": as_png(self.mask), "_overlay.png": self._repr_png_()}

    def _repr_png_(self) -> bytes:
        return as_png(self.overlay_with_legend())


def predict_each(
    predictor: Predictor, images: Iterable[AnyImage], opacity: float = 0.5, contours: bool = False
) -> Iterator[Prediction]:
    """The prediction of each image, made when it is asked for; no two have the same name.

    Raises:
        UserError: one of them is no image, or the opacity is out of its range.
    """
    names = Names()
    for image in images:
        pixels = as_pixels(image)
        name = names.free_for(Path(image)) if isinstance(image, str | Path) else names.free("image")
        yield Prediction(name, pixels, predictor.classes_of([pixels])[0], predictor, opacity, contours)


class Names:
    """Gives each image a name that no other has."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def free_for(self, path: Path) -> str:
        """The file's name without suffix; if it is taken, with its folder's name before it."""
        return self.free(path.stem, f"{path.absolute().parent.name}_{path.stem}")

    def free(self, *candidates: str) -> str:
        """The first of the candidates that is free, or the first with an index."""
        numbered = (f"{candidates[0]}_{index}" for index in itertools.count(2))
        name = next(name for name in itertools.chain(candidates, numbered) if name not in self.taken)
        self.taken.add(name)
        return name


def is_one_image(images: AnyImage | Iterable[AnyImage]) -> TypeIs[AnyImage]:
    """Whether it is an image and not several."""
    return isinstance(images, str | Path | Image.Image) or (isinstance(images, np.ndarray) and images.ndim != 4)


def as_pixels(image: AnyImage) -> Pixels:
    """``(H, W, 3)`` uint8 RGB, upright.

    Raises:
        UserError: it is no such image. Nothing is converted that could be meant in another way.
    """
    if isinstance(image, str | Path):
        pages = pages_of(Path(image))
        if len(pages) > 1:
            raise UserError(f"{image}: a stack of {len(pages)} images; give them one by one, or to `segnet predict`")
        return read_image(Path(image), page=pages[0] or None)
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
