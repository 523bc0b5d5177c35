"""How far a measure could be off had other images of the same kind been drawn (Efron 1979)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From matrices ``(S, C, C)`` to a value each, ``(S,)``, such as ``lambda m: SegmentationScores(m).mean_ious``."""


def bootstrap_interval(
    matrices: NDArray[np.int64], statistic: Statistic, samples: int = 1000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of a measure over images drawn with replacement.

    Args:
        matrices: a confusion matrix an image, ``(n, C, C)``.
        statistic: the measure.
        samples: how many sets of n images are drawn.
        level: share of them that lies within.
        seed: of the draw.

    Returns:
        Lower and upper end.
    """
    values = statistic(resample(matrices, samples, seed))
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_difference(
    first: NDArray[np.int64], second: NDArray[np.int64], statistic: Statistic, samples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Second minus first on the same images, and the two-sided bootstrap p-value that they are equal.

    Args:
        first: a confusion matrix an image, ``(n, C, C)``.
        second: the same images' by another network.
        statistic: the measure.
        samples: how many sets of n images are drawn.
        seed: of the draw.
    """
    difference = float(statistic(second.sum(0, keepdims=True))[0] - statistic(first.sum(0, keepdims=True))[0])
    draws = statistic(resample(second, samples, seed)) - statistic(resample(first, samples, seed))
    draws = draws[~np.isnan(draws)]
    if not len(draws):
        return difference, 1.0
    # One is added to both counts: no number of draws proves that chance is impossible.
    below, above = (draws <= 0).sum() + 1, (draws >= 0).sum() + 1
    return difference, float(min(1.0, 2 * min(below, above) / (len(draws) + 1)))


def resample(matrices: NDArray[np.int64], samples: int, seed: int) -> NDArray[np.float64]:
    """Summed matrices ``(samples, C, C)`` of sets of n images drawn with replacement; the same sets for a seed."""
    count = len(matrices)
    draws = np.random.Generator(np.random.PCG64(seed)).multinomial(count, np.full(count, 1 / count), samples)
    flat = matrices.reshape(count, -1).astype(np.float64)
    return (draws @ flat).reshape(samples, *matrices.shape[1:])
