"""Accuracies and IoU: by hand, against scikit-learn, and with classes that do not occur."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, jaccard_score, precision_score, recall_score

from segnet.metrics import SegmentationScores, confusion_matrix

LABELS = arrays(np.uint8, 60, elements=st.integers(0, 4))


def test_the_scores_match_values_by_hand() -> None:
    # Class 0: 6 right, 2 lost, 1 false. Class 1: 3 right, 1 lost, 3 false. Class 2: 0 right, 1 lost. Class 3: absent.
    matrix = np.array([[6, 2, 0, 0], [1, 3, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    scores = SegmentationScores(matrix)
    np.testing.assert_allclose(scores.iou, [6 / 9, 3 / 7, 0, np.nan])
    np.testing.assert_allclose(scores.recall, [6 / 8, 3 / 4, 0, np.nan])
    np.testing.assert_allclose(scores.precision, [6 / 7, 3 / 6, np.nan, np.nan])
    assert scores.global_accuracy == pytest.approx(9 / 13)
    assert scores.class_accuracy == pytest.approx((6 / 8 + 3 / 4 + 0) / 3)
    assert scores.mean_iou == pytest.approx((6 / 9 + 3 / 7) / 3)
    assert scores.mean_iou_absent_as_zero == pytest.approx((6 / 9 + 3 / 7) / 4)
    assert scores.absent == (3,)
    rows = scores.per_class(["a", "b", "c", "d"])
    assert rows["c"] == {"iou": 0.0, "recall": 0.0, "precision": None, "pixels": 1}
    assert rows["d"] == {"iou": None, "recall": None, "precision": None, "pixels": 0}


def test_a_class_only_predicted_counts_in_mean_iou_but_not_in_class_accuracy() -> None:
    scores = SegmentationScores(np.array([[3, 1], [0, 0]]))
    assert scores.mean_iou == pytest.approx((3 / 4 + 0) / 2)
    assert scores.class_accuracy == pytest.approx(3 / 4)
    assert scores.absent == ()


@given(LABELS, LABELS)
def test_the_scores_match_scikit_learn(prediction: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    scores = SegmentationScores(confusion_matrix(prediction, mask, 5, 255))
    either, true = sorted({*prediction, *mask}), sorted({*mask})
    assert scores.mean_iou == pytest.approx(jaccard_score(mask, prediction, labels=either, average="macro"))
    assert scores.class_accuracy == pytest.approx(recall_score(mask, prediction, labels=true, average="macro"))
    assert scores.global_accuracy == pytest.approx(accuracy_score(mask, prediction))
    theirs = precision_score(mask, prediction, labels=range(5), average=None, zero_division=np.nan)
    np.testing.assert_allclose(scores.precision, theirs)
    assert set(scores.absent) == set(range(5)) - set(either)


@given(LABELS)
def test_a_perfect_prediction_scores_one(mask: NDArray[np.uint8]) -> None:
    scores = SegmentationScores(confusion_matrix(mask, mask, 5, 255))
    assert scores.mean_iou == scores.class_accuracy == scores.global_accuracy == 1


@given(arrays(np.int64, (3, 4, 4), elements=st.integers(0, 5)))
def test_many_matrices_at_once_are_one_by_one(matrices: NDArray[np.int64]) -> None:
    together = SegmentationScores(matrices)
    each = [SegmentationScores(matrix) for matrix in matrices]
    np.testing.assert_array_equal(together.mean_ious, [scores.mean_iou for scores in each])
    np.testing.assert_array_equal(together.class_accuracies, [scores.class_accuracy for scores in each])
    np.testing.assert_array_equal(together.global_accuracies, [scores.global_accuracy for scores in each])


def test_an_empty_matrix_has_no_scores() -> None:
    scores = SegmentationScores(np.zeros((3, 3), np.int64))
    assert np.isnan([scores.mean_iou, scores.class_accuracy, scores.global_accuracy]).all()
    assert scores.mean_iou_absent_as_zero == 0
    assert scores.absent == (0, 1, 2)
