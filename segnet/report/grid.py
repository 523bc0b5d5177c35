"""Sample predictions as one picture, for TensorBoard."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet

GAP = 4
Pixels = NDArray[np.uint8]


def sample_grid(
    images: Sequence[Pixels], masks: Sequence[Pixels], predictions: Sequence[Pixels], classes: ClassSet, rows: int = 4
) -> Pixels:
    """Image, truth and prediction beside each other, an image a row.

    Args:
        images: ``(H, W, 3)`` uint8 RGB, all of one size, at least one.
        masks: ``(H, W)`` class indices; what is ignored is black, in the prediction too.
        predictions: ``(H, W)`` class indices.
        classes: their colours.
        rows: how many of the images are shown at most.

    Returns:
        ``(rows * H + gaps, 3 * W + gaps, 3)`` uint8 RGB.
    """
    palette = classes.palette
    height, width = masks[0].shape
    shown = min(rows, len(images))
    grid = np.full((shown * (height + GAP) - GAP, 3 * (width + GAP) - GAP, 3), 255, np.uint8)
    for row, (image, mask, prediction) in enumerate(zip(images[:rows], masks[:rows], predictions[:rows], strict=True)):
        labelled = mask != classes.ignore_index
        pictures = (image, palette[mask] * labelled[..., None], palette[prediction] * labelled[..., None])
        for column, picture in enumerate(pictures):
            y, x = row * (height + GAP), column * (width + GAP)
            grid[y : y + height, x : x + width] = picture
    return grid
