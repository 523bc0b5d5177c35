"""The frequency of each class, and the loss weights derived from it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError

from .samples import ImagesAndMasks

SEGNET_PAPER_WEIGHTS = (0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614)
"""The weights of the SegNet authors' model files for CamVid, in class order.

They are median-frequency weights, except for SignSymbol's 9.6446, for which the data give about 3.85.
"""


PixelTable = NDArray[np.int32]


@dataclass(frozen=True)
class ClassCounts:
    """Counts over the masks of a data set, each (C,) int64.

    Attributes:
        pixels: pixels of each class.
        pixels_where_present: pixels of any label in the images in which the class occurs.
        images: images in which the class occurs.
    """

    pixels: NDArray[np.int64]
    pixels_where_present: NDArray[np.int64]
    images: NDArray[np.int64]


def count_by_image(dataset: ImagesAndMasks) -> PixelTable:
    """Pixels of each class in each image, (n, C + 1) int32; the last column has all other labels.

    Images are not read.

    Raises:
        UserError: a mask cannot be read or has a label without a class.
    """
    classes = len(dataset.classes)
    table = np.zeros((len(dataset), classes + 1), np.int32)
    for index in range(len(dataset)):
        mask = dataset.mask(index)
        table[index, :classes] = np.bincount(mask.ravel(), minlength=256)[:classes]
        table[index, classes] = mask.size - table[index, :classes].sum()
    return table


def total_counts(table: PixelTable) -> ClassCounts:
    """Counts of the whole data set from the table of :func:`count_by_image`."""
    pixels = table[:, :-1].astype(np.int64)
    present = pixels > 0
    sizes = table.sum(1, dtype=np.int64)
    return ClassCounts(pixels.sum(0), sizes @ present, present.sum(0))


def count_classes(dataset: ImagesAndMasks) -> ClassCounts:
    """Counts over all masks.

    Raises:
        UserError: as for counting by image.
    """
    return total_counts(count_by_image(dataset))


def median_frequency_weights(counts: ClassCounts) -> NDArray[np.float64]:
    """Median of the classes' frequencies ÷ frequency, (C,); 0 for a class that never occurs.

    A class's frequency is its pixels ÷ all pixels of the images in which it occurs (arXiv 1511.00561, section 4.1).
    """
    present = counts.images > 0
    frequency = counts.pixels[present] / counts.pixels_where_present[present]
    return _spread(present, np.median(frequency) / frequency)


def enet_weights(counts: ClassCounts, c: float = 1.02) -> NDArray[np.float64]:
    """1 ÷ ln(c + share of the labelled pixels), (C,); 0 for a class that never occurs (ENet, arXiv 1606.02147, 5.1)."""
    present = counts.images > 0
    return _spread(present, 1 / np.log(c + counts.pixels[present] / counts.pixels.sum()))


def inverse_weights(counts: ClassCounts) -> NDArray[np.float64]:
    """Mean pixels of the classes that occur ÷ pixels of the class, (C,); 0 for a class that never occurs."""
    present = counts.images > 0
    return _spread(present, counts.pixels[present].mean() / counts.pixels[present])


def class_weights(
    choice: str | list[float],
    dataset: ImagesAndMasks,
    c: float = 1.02,
    count: Callable[[ImagesAndMasks], ClassCounts] = count_classes,
) -> NDArray[np.float32] | None:
    """Loss weights (C,) float32 by their name in a config; None for ``none``.

    Args:
        choice: ``none``, ``median_frequency``, ``enet``, ``inverse``, ``segnet_paper`` or the weights themselves.
        dataset: its masks are counted if the choice depends on them.
        c: argument of :func:`enet_weights`.
        count: counts them, anew or from the cache of :mod:`.statistics_cache`.

    Raises:
        UserError: the number of weights differs from the number of classes.
    """
    if choice == "none":
        return None
    if choice == "median_frequency":
        weights = median_frequency_weights(count(dataset))
    elif choice == "enet":
        weights = enet_weights(count(dataset), c)
    elif choice == "inverse":
        weights = inverse_weights(count(dataset))
    else:
        weights = np.array(SEGNET_PAPER_WEIGHTS if choice == "segnet_paper" else choice, np.float64)
    if len(weights) != len(dataset.classes):
        raise UserError(
            f"loss.class_weights: {choice} gives {len(weights)} weights, but there are {len(dataset.classes)} classes"
        )
    return np.asarray(weights, np.float32)


def _spread(present: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = np.zeros(present.shape)
    spread[present] = weights
    return spread
