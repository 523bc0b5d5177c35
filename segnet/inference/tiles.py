"""Images too large for the network or the memory: overlapping tiles whose logits are blended."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels
from segnet.rounding import ceil_div

Floats = NDArray[np.float32]

OVERLAP = 0.25
"""The least share of a tile's side that it has in common with the next."""
ROWS = 64
"""The most rows in a band, so that a band is small beside a row of tiles."""


class Windows(Protocol):
    """An image that gives parts of itself: an array, or a file from which they are read.

    Attributes:
        shape: (H, W, 3).
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, place: tuple[slice, slice], /) -> Pixels: ...


def bands(image: Windows, tile: tuple[int, int], see: Callable[[Pixels], Floats]) -> Iterator[Floats]:
    """The values of ``see`` for an image, ``(C, h, W)`` from top to bottom, h rows at a time, h at most 64.

    Memory holds one row of tiles, not the image. Where tiles overlap, their values are averaged. A tile's weight grows
    with the distance from its edge, so that no seam shows.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        tile: (H, W) of a tile; a smaller image is one tile.
        see: maps a tile to C values for each pixel, ``(C, h, w)``.
    """
    rows, columns = image.shape[:2]
    height, width = min(tile[0], rows), min(tile[1], columns)
    tops, lefts = starts(rows, height, OVERLAP), starts(columns, width, OVERLAP)
    weight = np.minimum(ramp(height)[:, None], ramp(width))
    # The sums for `height` rows of the image from `top` on, over the tiles so far.
    total, weights = np.zeros((0, height, columns), np.float32), np.zeros((height, columns), np.float32)
    for top, next_top in zip(tops, [*tops[1:], rows], strict=True):
        row = image[top : top + height, 0:columns]
        for left in lefts:
            answer = see(np.ascontiguousarray(row[:, left : left + width]))
            if not len(total):
                total = np.zeros((len(answer), *weights.shape), np.float32)
            total[:, :, left : left + width] += weight * answer
            weights[:, left : left + width] += weight
        done = next_top - top
        for first in range(0, done, ROWS):
            some = slice(first, min(first + ROWS, done))
            yield np.divide(total[:, some], weights[some], dtype=np.float32)
        total[:, : height - done], weights[: height - done] = total[:, done:], weights[done:]
        total[:, height - done :], weights[height - done :] = 0, 0


def starts(length: int, tile: int, overlap: float) -> list[int]:
    """First pixels of the fewest evenly spread tiles that cover ``length`` and overlap as much as asked."""
    step = max(1, int(tile * (1 - overlap)))
    count = 1 + ceil_div(length - tile, step)
    return [round(index * (length - tile) / max(1, count - 1)) for index in range(count)]


def ramp(length: int) -> Floats:
    """Distance of each pixel to the nearer end, from 1 on, ``(length,)``."""
    index = np.arange(length, dtype=np.float32)
    return np.minimum(index, length - 1 - index) + 1
