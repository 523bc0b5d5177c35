"""Bootstrap intervals: how much a measure could differ on other images of the same kind (Efron 1979)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""Maps matrices ``(S, C, C)`` to a value each, ``(S,)``, such as ``lambda m: SegmentationScores(m).mean_ious``."""


def percentile_interval(draws: Floats, level: float = 0.95) -> tuple[float, float]:
    """Lower and upper end of the middle ``level`` of a measure's values ``(S,)`` over draws of :func:`resample`.

    Draws in which nothing could be measured (NaN) are left out. Both ends are NaN if these are all draws.
    """
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class PairedDifference(NamedTuple):
    """A difference, ``()`` or ``(K,)``, its two-sided p-value, and its 95 % interval, each of the same shape."""

    value: Floats
    p: Floats
    low: Floats
    high: Floats


def paired_difference(
    first: NDArray[np.int64], second: NDArray[np.int64], statistic: Statistic, samples: int = 1000, seed: int = 0
) -> PairedDifference:
    """Second minus first on the same images, with its interval and the bootstrap p-value that they are equal.

    Args:
        first: counts of each image, ``(n, ...)``, such as confusion matrices ``(n, C, C)``.
        second: counts of the same images by another network.
        statistic: maps summed counts ``(S, ...)`` to one measure, ``(S,)``, or several, ``(S, K)``.
        samples: number of drawn sets of n images; no p-value is below 2 / (samples + 1).
        seed: seed of the draws.

    Returns:
        The difference. If nothing could be measured, p is 1 and the interval NaN.
    """
    difference = statistic(second.sum(0, keepdims=True))[0] - statistic(first.sum(0, keepdims=True))[0]
    draws = statistic(resample(second, samples, seed)) - statistic(resample(first, samples, seed))
    count = (~np.isnan(draws)).sum(0)
    # One is added to both counts: no number of draws proves that chance is impossible.
    below, above = (draws <= 0).sum(0) + 1, (draws >= 0).sum(0) + 1
    p = np.minimum(1.0, 2 * np.minimum(below, above) / (count + 1))
    ends = [percentile_interval(column) for column in draws.reshape(samples, -1).T]
    low, high = (np.reshape(end, np.shape(difference)) for end in zip(*ends, strict=True))
    return PairedDifference(np.asarray(difference), np.where(count > 0, p, 1.0), low, high)


def resample(counts: NDArray[np.int64], samples: int, seed: int) -> Floats:
    """Sums ``(samples, ...)`` over sets of n images drawn with replacement; the same sets for a seed.

    Args:
        counts: counts of each image, ``(n, ...)``.
        samples: number of sets.
        seed: determines the sets.
    """
    index = len(counts)
    draws = np.random.Generator(np.random.PCG64(seed)).multinomial(index, np.full(index, 1 / index), samples)
    flat = counts.reshape(index, -1).astype(np.float64)
    return (draws @ flat).reshape(samples, *counts.shape[1:])
