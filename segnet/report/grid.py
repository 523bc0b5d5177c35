"""Pictures beside and below each other as one, for TensorBoard."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet

GAP = 4
MAX_SIDE = 320
"""Longer pictures are shrunk: an event file keeps one for every measurement of a run."""

Pixels = NDArray[np.uint8]


def grid(rows: Sequence[Sequence[Pixels]]) -> Pixels:
    """Rows of pictures on white.

    Args:
        rows: pictures ``(H, W, 3)`` uint8 RGB, those of a row of one height; at least one.

    Returns:
        ``(H, W, 3)`` uint8 RGB, as wide as the widest row.
    """
    lines = [
        np.hstack([np.pad(picture, ((0, 0), (0, GAP), (0, 0)), constant_values=255) for picture in row]) for row in rows
    ]
    width = max(line.shape[1] for line in lines)
    padded = [np.pad(line, ((0, GAP), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines]
    return np.vstack(padded)[:-GAP, :-GAP]


def prediction_row(image: Pixels, mask: Pixels, prediction: Pixels, classes: ClassSet) -> list[Pixels]:
    """Image, truth and prediction in the class colours, shrunk to ``MAX_SIDE``.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` class indices; what is ignored is black, in the prediction too.
        prediction: ``(H, W)`` class indices.
        classes: their colours.
    """
    height, width = mask.shape
    scale = min(1.0, MAX_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    labelled = (mask != classes.ignore_index)[..., None]
    truth, ours = classes.palette[mask] * labelled, classes.palette[prediction] * labelled
    photo = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    colors = (cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST) for picture in (truth, ours))
    return [np.asarray(picture, np.uint8) for picture in (photo, *colors)]
