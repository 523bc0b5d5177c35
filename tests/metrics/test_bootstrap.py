"""The bootstrap against drawing one set of images after the other, and against the normal approximation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from segnet.metrics import SegmentationScores, paired_difference, percentile_interval, resample


def accuracy(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    return SegmentationScores(matrices).global_accuracies  # type: ignore[arg-type]


def images(right: list[int], pixels: int = 100) -> NDArray[np.int64]:
    """A matrix (2, 2) an image with so many of its pixels right."""
    return np.array([[[n, pixels - n], [0, 0]] for n in right], np.int64)


def test_sums_are_those_of_the_drawn_images() -> None:
    # Powers of ten: the digits of a sum say how often each image was drawn.
    sums = resample(np.array([[[1]], [[10]], [[100]]]), samples=50, seed=3)[:, 0, 0].astype(int)
    assert {sum(int(digit) for digit in str(total)) for total in sums} == {3}
    assert len(set(sums)) > 5
    assert np.array_equal(sums, resample(np.array([[[1]], [[10]], [[100]]]), 50, 3)[:, 0, 0])


def test_the_interval_is_the_normal_one_for_many_images() -> None:
    right = np.random.default_rng(0).integers(40, 100, 400)
    low, high = percentile_interval(accuracy(resample(images(right.tolist()), 4000, seed=0)))
    half = 1.96 * right.std() / np.sqrt(len(right)) / 100
    assert low == pytest.approx(right.mean() / 100 - half, abs=0.15 * half)
    assert high == pytest.approx(right.mean() / 100 + half, abs=0.15 * half)


def test_a_higher_level_is_wider() -> None:
    draws = accuracy(resample(images([10, 40, 60, 90, 95]), 1000, seed=0))
    (low, high), (lower, higher) = (percentile_interval(draws, level) for level in (0.5, 0.95))
    assert lower < low < high < higher


def test_images_that_are_all_alike_have_no_spread() -> None:
    assert percentile_interval(accuracy(resample(images([80] * 5), 1000, seed=0))) == (0.8, 0.8)


def test_draws_without_a_value_do_not_count() -> None:
    assert percentile_interval(np.array([np.nan, 0.5, np.nan])) == (0.5, 0.5)
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()


def test_the_same_network_does_not_differ_from_itself() -> None:
    matrices = images([10, 50, 90])
    difference, p, _, _ = paired_difference(matrices, matrices, accuracy)
    assert (float(difference), float(p)) == (0, 1)


def test_pairing_sees_a_small_difference_between_hard_and_easy_images() -> None:
    right = list(range(10, 90, 4))
    better = [n + 2 + n % 3 for n in right]
    difference, p, low, high = paired_difference(images(right), images(better), accuracy)
    assert difference == pytest.approx((sum(better) - sum(right)) / 100 / len(right))
    assert p == pytest.approx(2 / 1001)  # better in every draw
    assert low < difference < high
    np.testing.assert_allclose(
        paired_difference(images(better), images(right), accuracy), (-difference, p, -high, -low)
    )


def test_noise_is_no_difference() -> None:
    rng = np.random.default_rng(1)
    first, second = (images(rng.integers(40, 60, 30).tolist()) for _ in range(2))
    assert paired_difference(first, second, accuracy)[1] > 0.05


def test_several_measures_at_once_are_those_of_each_alone() -> None:
    rng = np.random.default_rng(2)
    first, second = (images(rng.integers(40, 90, 20).tolist()) for _ in range(2))

    def both(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
        never = np.full(len(matrices), np.nan)
        return np.stack([accuracy(matrices), never, -accuracy(matrices)], axis=1)

    differences, p, low, high = paired_difference(first, second, both)
    difference, alone, least, most = paired_difference(first, second, accuracy)
    assert differences.tolist() == pytest.approx([float(difference), np.nan, -float(difference)], nan_ok=True)
    assert p.tolist() == pytest.approx([float(alone), 1, float(alone)])
    assert low.tolist() == pytest.approx([float(least), np.nan, -float(most)], nan_ok=True)
    assert high.tolist() == pytest.approx([float(most), np.nan, -float(least)], nan_ok=True)
