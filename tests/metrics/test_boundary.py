"""Boundary F1 against one written with plain loops, and where its choices can be seen by eye."""

from itertools import product
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from segnet.metrics import boundary_f1

IGNORED = 9
Point = tuple[int, int]
SMALL_MAPS = arrays(np.uint8, (7, 9), elements=st.integers(0, 2))
SMALL_MASKS = arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 1, 2, IGNORED]))
TOLERANCES = st.sampled_from([0.05, 0.1, 0.2, 0.3])


def boundary(labels: NDArray[np.uint8], number: int) -> list[Point]:
    """Pixels of a class with a neighbour of another."""
    height, width = labels.shape
    found = []
    for y, x in product(range(height), range(width)):
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        inside = [labels[v, u] for v, u in around if 0 <= v < height and 0 <= u < width]
        if labels[y, x] == number and any(label not in (number, IGNORED) for label in inside):
            found.append((y, x))
    return found


def brute_force(
    prediction: NDArray[np.uint8], mask: NDArray[np.uint8], tolerance: float, one_to_one: bool, union: bool
) -> list[float]:
    prediction = prediction.copy()
    prediction[mask == IGNORED] = IGNORED
    radius = tolerance * float(np.hypot(*mask.shape))
    scores = []
    for index in range(3):
        if index not in mask and not (union and index in prediction):
            scores.append(np.nan)
            continue
        ours, theirs = boundary(prediction, index), boundary(mask, index)
        if not ours or not theirs:
            scores.append(float(not ours and not theirs))
            continue
        close = np.array([[np.hypot(a[0] - b[0], a[1] - b[1]) <= radius for b in theirs] for a in ours])
        if one_to_one:
            rows, columns = linear_sum_assignment(-close.astype(int))
            hits = close[rows, columns].sum()
            precision, recall = hits / len(ours), hits / len(theirs)
        else:
            precision, recall = close.any(1).mean(), close.any(0).mean()
        scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return scores


@settings(max_examples=60, deadline=None)
@given(SMALL_MAPS, SMALL_MASKS, TOLERANCES, st.sampled_from(["distance", "one_to_one"]), st.booleans())
def test_boundary_f1_matches_a_version_with_loops(
    prediction: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    tolerance: float,
    matching: Literal["distance", "one_to_one"],
    union: bool,
) -> None:
    ours = boundary_f1(prediction, mask, 3, IGNORED, tolerance, matching, "union" if union else "truth")
    np.testing.assert_allclose(ours, brute_force(prediction, mask, tolerance, matching == "one_to_one", union))


@settings(deadline=None)
@given(SMALL_MASKS)
def test_a_perfect_prediction_scores_one(mask: NDArray[np.uint8]) -> None:
    scores = boundary_f1(np.where(mask == IGNORED, np.uint8(0), mask), mask, 3, IGNORED)
    assert all(score == 1 for index, score in enumerate(scores) if index in mask)
    assert all(np.isnan(score) for index, score in enumerate(scores) if index not in mask)


@settings(deadline=None)
@given(SMALL_MAPS, SMALL_MAPS)
def test_truth_and_prediction_may_change_places(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> None:
    there = boundary_f1(first, second, 3, IGNORED, 0.1, classes="union")
    back = boundary_f1(second, first, 3, IGNORED, 0.1, classes="union")
    np.testing.assert_allclose(there, back)


@settings(deadline=None)
@given(SMALL_MAPS, SMALL_MAPS, SMALL_MASKS)
def test_predictions_on_ignored_pixels_change_nothing(
    first: NDArray[np.uint8], second: NDArray[np.uint8], mask: NDArray[np.uint8]
) -> None:
    changed = np.where(mask == IGNORED, second, first)
    np.testing.assert_array_equal(boundary_f1(first, mask, 3, IGNORED), boundary_f1(changed, mask, 3, IGNORED))


@pytest.mark.parametrize(("shift", "expected"), [(0, 1.0), (4, 1.0), (5, 0.0)])
def test_camvids_tolerance_is_four_and_a_half_pixels(shift: int, expected: float) -> None:
    mask = np.zeros((360, 480), np.uint8)
    mask[:, 240:] = 1
    np.testing.assert_allclose(boundary_f1(shifted(mask, shift), mask, 2, IGNORED), expected)


def shifted(mask: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Moved to the right, the left column repeated."""
    return mask[:, np.maximum(np.arange(mask.shape[1]) - columns, 0)]


def test_an_ignored_strip_is_no_boundary() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[:, 10:] = 1
    mask[:, 9:11] = IGNORED
    prediction = np.zeros_like(mask)
    prediction[:, 10:] = 1
    np.testing.assert_array_equal(boundary_f1(prediction, mask, 2, IGNORED), [1, 1])


def test_one_to_one_does_not_reward_a_boundary_twice() -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[:, 20:] = 1
    ragged = mask.copy()
    ragged[::2, 20:22] = 0  # teeth: more boundary pixels than the truth has, all close to it
    within = boundary_f1(ragged, mask, 2, IGNORED, tolerance=0.06)
    matched = boundary_f1(ragged, mask, 2, IGNORED, tolerance=0.06, matching="one_to_one")
    assert within[1] == 1
    assert matched[1] < 1
