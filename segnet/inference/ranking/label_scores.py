"""How well an image's labels agree with a network: scores in 0–1, low for labels that are probably wrong."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels

WINDOWS_A_SIDE = 50
"""Shorter side of an image, divided by the side of a window. At 360×480 a window has 7×7 pixels."""
TEMPERATURE = 0.1
"""Temperature of the soft minimum, as in its paper. A pixel that is more confident by 0.1 weighs about a third."""


class Worst(NamedTuple):
    """The square window whose labels the network doubts most.

    Attributes:
        score: mean probability that the network gives to the labels in it, 0–1.
        x, y: column and row of the window's middle.
    """

    score: float
    x: int
    y: int


def confidence_map(probabilities: NDArray[np.float32], mask: Pixels, ignore_index: int) -> NDArray[np.float32]:
    """The predicted probability of each pixel's own label ``(H, W)`` float32, 0–1; 1 where there is no label.

    Args:
        probabilities: softmax ``(C, H, W)`` float32.
        mask: labels ``(H, W)`` uint8.
        ignore_index: label of the pixels without a class.
    """
    rows, columns = np.nonzero(mask != ignore_index)
    confidence = np.ones(mask.shape, np.float32)
    confidence[rows, columns] = probabilities[mask[rows, columns], rows, columns]
    return confidence


def worst_window(confidence: NDArray[np.float32]) -> Worst:
    """The window of the lowest mean confidence ``(H, W)``. Its mean is the score that ranks the image.

    A mean over all pixels would hide a small object among many right pixels. Single pixels are often wrong at the
    border of two classes. A wrongly labelled object, even a small one, fills a window; a border does not.
    """
    side = window_side(*confidence.shape)
    means = cv2.boxFilter(confidence, -1, (side, side))
    margin = side // 2
    inside = means[margin : means.shape[0] - margin, margin : means.shape[1] - margin]
    y, x = np.unravel_index(int(inside.argmin()), inside.shape)
    return Worst(float(np.clip(inside[y, x], 0, 1)), int(x) + margin, int(y) + margin)


def window_side(height: int, width: int) -> int:
    """The odd number of pixels nearest to a fiftieth of the shorter side; at least 3 if the image has as many."""
    shorter = min(height, width)
    largest = shorter - 1 + shorter % 2
    return max(1, min(max(3, 2 * round((shorter / WINDOWS_A_SIDE - 1) / 2) + 1), largest))


def soft_minimum(confidence: NDArray[np.float32]) -> float:
    """The soft minimum of the labels' probabilities ``(n,)``, 0–1. Without labels it is 1, since no label is wrong.

    Each pixel weighs ``exp((1 - confidence) / 0.1)`` (Lad and Mueller, arXiv 2307.05080, section 3). It is the score of
    cleanlab's ``segmentation.rank``.
    """
    if not confidence.size:
        return 1.0
    doubt = (1 - confidence.astype(np.float64)) / TEMPERATURE
    weights = np.exp(doubt - doubt.max())
    return float((weights * confidence).sum() / weights.sum())
