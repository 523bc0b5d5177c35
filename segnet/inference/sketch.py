"""The overlay of a large image: smaller, since people look at it as a whole."""

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Pixels
from segnet.inference.image_rows import ImageRows
from segnet.inference.look import Look
from segnet.inference.overlay import class_shares
from segnet.inference.shrunken import Noted, Shrunken
from segnet.inference.video.frames import Segmented
from segnet.rounding import ceil_div

LONGEST = 2000
"""The most pixels of an overlay's longer side, unless the image would be less than a pixel wide."""


class Sketch:
    """Collects a smaller image, its classes and their shares from rows of the large one.

    Args:
        image: the large image.
        num_classes: of the masks.
        has_variance: collect the variance of passes too.

    Attributes:
        image: the large image, of which every row that is read is noted here.
    """

    def __init__(self, image: ImageRows, num_classes: int, has_variance: bool) -> None:
        height, width, _ = image.shape
        self.factor = min(ceil_div(max(height, width), LONGEST), height, width)
        self.pixels = height * width
        self.small = Shrunken((height, width), self.factor)
        self.image = Noted(image, self.small)
        self.counts = np.zeros(num_classes)
        self.mask = np.zeros(self.small.pixels.shape[:2], np.uint8)
        self.uncertainty = np.zeros(self.mask.shape, np.float32) if has_variance else None
        self.rows = 0

    def add(self, mask: Pixels, uncertainty: NDArray[np.float32]) -> None:
        """Add the classes ``(h, W)`` of the next rows, and their variance, which counts only if it is drawn."""
        middle = self.factor // 2
        height, width, _ = self.small.pixels.shape
        first = ceil_div(self.rows - middle, self.factor)
        past = min(ceil_div(self.rows + len(mask) - middle, self.factor), height)
        rows = np.arange(first, past) * self.factor + middle - self.rows
        columns = np.arange(width) * self.factor + middle
        self.mask[first:past] = mask[rows][:, columns]
        if self.uncertainty is not None:
            self.uncertainty[first:past] = uncertainty[rows][:, columns]
        self.counts += class_shares(mask, len(self.counts)) * mask.size
        self.rows += len(mask)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Each class's share of the large image's pixels, ``(C,)``, 0–1."""
        return np.asarray(self.counts / self.pixels)

    def draw(self, look: Look, classes: ClassSet) -> Pixels:
        """The smaller image as ``look`` says, ``(H', W', 3)``."""
        found = Segmented(self.mask, self.shares, self.uncertainty)
        return look.painter(classes)(self.small.pixels, found)
