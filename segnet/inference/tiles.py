"""Images too large for the network or the memory: overlapping tiles whose probabilities fade into each other."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.predictor import Images, Predictor
from segnet.rounding import ceil_div

Floats = NDArray[np.float32]


class TiledPredictor:
    """A predictor that sees images tile by tile.

    Memory goes with one row of tiles, not with the image. Where tiles overlap, each one's probabilities count the
    more, the farther the pixel is from that tile's edge, so that no seam shows.

    Args:
        predictor: that runs on the tiles.
        tile: (H, W) of a tile; an image smaller than that is one tile.
        overlap: share of a tile's sides that it has in common with the next at least, 0 to under 1.

    Raises:
        UserError: ``overlap`` is not in its range.
    """

    def __init__(self, predictor: Predictor, tile: tuple[int, int], overlap: float = 0.25) -> None:
        if not 0 <= overlap < 1:
            raise UserError(f"overlap {overlap} of tiles: expected 0 to under 1")
        self.predictor, self.tile, self.overlap = predictor, tile, overlap

    def classes_of(self, images: Images) -> NDArray[np.uint8]:
        """Class indices ``(N, H, W)`` uint8 of ``(H, W, 3)`` uint8 RGB images of one size."""
        return np.stack([np.concatenate([band.argmax(0).astype(np.uint8) for band in self.bands(i)]) for i in images])

    def probabilities(self, images: Images) -> Floats:
        """Probabilities ``(N, C, H, W)``."""
        return np.stack([np.concatenate(list(self.bands(image)), axis=1) for image in images])

    def bands(self, image: NDArray[np.uint8]) -> Iterator[Floats]:
        """The image's probabilities ``(C, h, W)`` from top to bottom, h rows at a time."""
        height, width = min(self.tile[0], image.shape[0]), min(self.tile[1], image.shape[1])
        tops = starts(image.shape[0], height, self.overlap)
        lefts = starts(image.shape[1], width, self.overlap)
        weight = np.minimum(ramp(height)[:, None], ramp(width))
        # Rows of the image from `top` on, `height` of them: what the tiles that were seen so far say of them.
        total, weights = (
            np.zeros((0, height, image.shape[1]), np.float32),
            np.zeros((height, image.shape[1]), np.float32),
        )
        for top, next_top in zip(tops, [*tops[1:], image.shape[0]], strict=True):
            for left in lefts:
                tile = image[top : top + height, left : left + width]
                probabilities = self.predictor.probabilities([tile])[0]
                if not len(total):
                    total = np.zeros((len(probabilities), *weights.shape), np.float32)
                total[:, :, left : left + width] += weight * probabilities
                weights[:, left : left + width] += weight
            done = next_top - top
            yield np.divide(total[:, :done], weights[:done], dtype=np.float32)
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
