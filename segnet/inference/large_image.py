"""Images too large for the memory: read, segmented and written one row of tiles at a time."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import Allowed, Pixels, TooManyPixelsError, as_png, open_header
from segnet.files import atomic_file, write_atomically
from segnet.inference.image_rows import ImageRows
from segnet.inference.overlay import Legend, Overlay, class_shares
from segnet.inference.png_rows import PngRows
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import most_likely
from segnet.inference.tiles import Windows
from segnet.rounding import ceil_div

LONGEST = 2000
"""The most pixels of an overlay's longer side, since people look at it as a whole."""


class Shrunken:
    """Shrinks an image by a whole factor, some rows at a time.

    Args:
        width: width of the image.
        factor: each new pixel is the mean of ``factor`` × ``factor`` pixels.
    """

    def __init__(self, width: int, factor: int) -> None:
        self.factor = factor
        self.rest: Pixels = np.zeros((0, width, 3), np.uint8)
        self.done: list[Pixels] = []

    def add(self, rows: Pixels) -> None:
        """Add the next rows ``(h, W, 3)``."""
        rows = np.concatenate([self.rest, rows])
        whole = len(rows) // self.factor * self.factor
        if whole:
            size = max(1, rows.shape[1] // self.factor), whole // self.factor
            self.done.append(
                np.asarray(
                    cv2.resize(rows[:whole, : size[0] * self.factor], size, interpolation=cv2.INTER_AREA), np.uint8
                )
            )
        self.rest = rows[whole:]

    @property
    def pixels(self) -> Pixels:
        """The shrunken image ``(H', W', 3)``, without rows that fill no pixel."""
        return np.concatenate(self.done)


class Noted:
    """An image whose windows are shrunken as they are read, each row once."""

    def __init__(self, image: ImageRows, small: Shrunken) -> None:
        self.image, self.small, self.noted = image, small, 0
        self.shape = image.shape

    def __getitem__(self, place: tuple[slice, slice]) -> Pixels:
        window = self.image[place]
        top = place[0].start
        self.small.add(window[max(0, self.noted - top) :])
        self.noted = max(self.noted, top + len(window))
        return window


def is_large(path: Path, allowed: Allowed) -> bool:
    """Whether an image has too many pixels to be read as a whole.

    Raises:
        UserError: the file does not exist, is damaged, or has another format.
    """
    try:
        open_header(path, "image", allowed=allowed)
    except TooManyPixelsError:
        return True
    return False


def segment_large(
    predictor: Predictor, path: Path, overlay: Overlay, folder: Path, name: str, legend: bool = True
) -> NDArray[np.float64]:
    """Write ``NAME_mask.png`` at the image's size, and a smaller ``NAME_overlay.png``.

    Args:
        predictor: a predictor with tiles.
        path: of the image.
        overlay: draws the overlay.
        folder: for the files.
        name: the start of their names.
        legend: a strip with names and shares below the overlay.

    Returns:
        Each class's share of the pixels, ``(C,)``, 0–1.

    Raises:
        UserError: the image cannot be read by rows. Nothing is written then.
    """
    image = ImageRows(path)
    height, width = image.shape[:2]
    factor = ceil_div(max(height, width), LONGEST)
    small = Shrunken(width, factor)
    counts = np.zeros(len(overlay.classes))
    small_mask = []
    with ExitStack() as stack:
        file = stack.enter_context(atomic_file(folder / f"{name}_mask.png"))
        png = stack.enter_context(PngRows(file, (height, width), overlay.classes.palette))
        for mask in mask_bands(predictor, Noted(image, small)):
            # The middle of each pixel of the overlay.
            some = mask[(factor // 2 - png.written) % factor :: factor, factor // 2 :: factor]
            small_mask.append(some.copy())  # a view would keep all rows
            counts += class_shares(mask, len(counts)) * mask.size
            png.add(mask)
    pixels = small.pixels
    rows = np.concatenate(small_mask)[: len(pixels), : pixels.shape[1]]
    shares = counts / (height * width)
    drawn = overlay.draw(pixels, rows)
    if legend:
        drawn = np.concatenate([drawn, Legend(overlay, rows.shape).draw(shares)])
    write_atomically(folder / f"{name}_overlay.png", as_png(drawn))
    return np.asarray(shares)


def mask_bands(predictor: Predictor, image: Windows) -> Iterator[Pixels]:
    """Class indices ``(h, W)`` uint8 from top to bottom, some rows at a time."""
    return map(most_likely, predictor.bands(image))
