"""Scores of labels: by hand, against SciPy and cleanlab, and what they tell apart."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from segnet.inference.ranking.label_scores import confidence_map, soft_minimum, window_side, worst_window

SIDES = st.integers(1, 40)


def test_pixels_without_a_label_are_never_doubted() -> None:
    probabilities = np.array([[[0.9, 0.2, 0.1]], [[0.1, 0.8, 0.9]]], np.float32)
    mask = np.array([[0, 255, 0]], np.uint8)
    assert confidence_map(probabilities, mask, 255)[0].tolist() == pytest.approx([0.9, 1, 0.1])
    assert confidence_map(probabilities, np.full((1, 3), 255, np.uint8), 255).min() == 1


def test_the_worst_window_is_the_one_worked_out_by_hand() -> None:
    """Nine pixels of 0.4 make a window of 0.4; one pixel of 0 in a window of nine makes 8/9."""
    confidence = np.ones((20, 30), np.float32)
    confidence[15, 25] = 0
    assert worst_window(confidence).score == pytest.approx(8 / 9)
    confidence[4:7, 10:13] = 0.4
    worst = worst_window(confidence)
    assert (worst.x, worst.y) == (11, 5)
    assert worst.score == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("size", "side"),
    [((360, 480), 7), ((480, 360), 7), ((720, 960), 15), ((20, 30), 3), ((2, 30), 1), ((1, 1), 1), ((3000, 2250), 45)],
)
def test_a_window_is_a_fiftieth_of_the_shorter_side(size: tuple[int, int], side: int) -> None:
    assert window_side(*size) == side


@given(st.tuples(SIDES, SIDES).flatmap(lambda size: arrays(np.float32, size, elements=st.floats(0, 1, width=32))))
def test_the_worst_window_is_scipys(confidence: "np.ndarray[tuple[int, int], np.dtype[np.float32]]") -> None:
    worst, side = worst_window(confidence), window_side(*confidence.shape)
    means = ndimage.uniform_filter(confidence.astype(np.float64), side, mode="constant", cval=1)
    half = side // 2
    inside = means[half : len(means) - half, half : means.shape[1] - half]
    assert worst.score == pytest.approx(inside.min(), abs=1e-5)
    assert means[worst.y, worst.x] == pytest.approx(inside.min(), abs=1e-5)


def test_a_wrong_object_counts_more_than_borders_that_are_wrong_all_along() -> None:
    """A line of wrong pixels through the image, and a tenth as many together."""
    borders, with_object = np.ones((2, 360, 480), np.float32)
    borders[180] = 0.01
    with_object[100:107, 100:107] = 0.01
    assert with_object.mean() > borders.mean()
    assert worst_window(with_object).score < worst_window(borders).score - 0.5
    assert soft_minimum(with_object.ravel()) > soft_minimum(borders.ravel())


def test_the_soft_minimum_of_two_pixels_is_the_one_worked_out_by_hand() -> None:
    weights = [math.exp(10 * (1 - 0.9)), math.exp(10 * (1 - 0.5))]
    expected = (weights[0] * 0.9 + weights[1] * 0.5) / sum(weights)
    assert soft_minimum(np.array([0.9, 0.5], np.float32)) == pytest.approx(expected)
    assert soft_minimum(np.array([0.7] * 9, np.float32)) == pytest.approx(0.7)
    assert soft_minimum(np.empty(0, np.float32)) == 1


def test_the_soft_minimum_is_that_of_cleanlab() -> None:
    rank = pytest.importorskip("cleanlab.segmentation.rank", reason="cleanlab is not installed: pip install cleanlab")
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4) * 0.3, (6, 20, 30)).transpose(0, 3, 1, 2).astype(np.float32)
    masks = rng.integers(0, 4, (6, 20, 30), dtype=np.uint8)
    masks[0] = probabilities[0].argmax(0)
    theirs, _ = rank.get_label_quality_scores(masks.astype(int), probabilities, method="softmin", verbose=False)
    ours = [soft_minimum(confidence_map(*pair, 255)) for pair in zip(probabilities, masks, strict=True)]
    assert ours == pytest.approx(theirs.tolist(), rel=1e-4)
