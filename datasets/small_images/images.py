"""Small images in memory for autoencoders, optionally with labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Images:
    """Images of one size.

    Attributes:
        pixels: (N, C, H, W) uint8, C 1 (grey) or 3 (RGB).
        labels: (N,) int64 from 0; None without labels.
        class_names: names in the order of the labels.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width
