"""Large images made smaller as they pass by, for an overlay that people look at as a whole."""

import cv2
import numpy as np

from segnet.datasets.image_files import Pixels
from segnet.inference.image_rows import ImageRows


class Shrunken:
    """Shrinks an image by a whole factor, some rows at a time.

    Args:
        size: (H, W) of the image.
        factor: each new pixel is the mean of ``factor`` × ``factor`` pixels; not more than H or W.

    Attributes:
        pixels: the shrunken image ``(H', W', 3)``, without rows and columns that fill no pixel.
    """

    def __init__(self, size: tuple[int, int], factor: int) -> None:
        self.factor = factor
        # It is allocated first: small blocks between large ones that come and go would keep memory in pieces.
        self.pixels: Pixels = np.zeros((size[0] // factor, size[1] // factor, 3), np.uint8)
        self.rest: Pixels = np.zeros((0, size[1], 3), np.uint8)
        self.done = 0

    def add(self, rows: Pixels) -> None:
        """Add the next rows ``(h, W, 3)``."""
        rows = np.concatenate([self.rest, rows])
        new, width = len(rows) // self.factor, self.pixels.shape[1]
        if new:
            whole = rows[: new * self.factor, : width * self.factor]
            self.pixels[self.done : self.done + new] = cv2.resize(whole, (width, new), interpolation=cv2.INTER_AREA)
        self.done += new
        self.rest = rows[new * self.factor :].copy()  # a view would keep all rows


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
