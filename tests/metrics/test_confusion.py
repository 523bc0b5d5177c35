"""The confusion matrix: counted by hand, against torchmetrics, and in pieces."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torchmetrics.functional.classification import multiclass_confusion_matrix

from segnet.metrics import ConfusionMatrix, confusion_matrix

CLASSES, IGNORED = 4, 9
MAPS = arrays(np.uint8, (3, 5, 6), elements=st.integers(0, CLASSES - 1))
MASKS = arrays(np.uint8, (3, 5, 6), elements=st.sampled_from([0, 1, 2, 3, IGNORED]))


def test_the_confusion_matrix_matches_counts_by_hand() -> None:
    mask = np.array([[0, 0, 1], [1, 2, 9]], np.uint8)
    prediction = np.array([[0, 1, 1], [1, 0, 2]], np.uint8)
    assert confusion_matrix(prediction, mask, 3, 9).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]


@given(MAPS, MASKS)
def test_the_confusion_matrix_matches_torchmetrics(prediction: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    theirs = multiclass_confusion_matrix(
        torch.from_numpy(prediction).long(), torch.from_numpy(mask).long(), CLASSES, ignore_index=IGNORED
    )
    assert np.array_equal(confusion_matrix(prediction, mask, CLASSES, IGNORED), theirs.numpy())


@given(MAPS, MASKS)
def test_images_one_by_one_are_all_at_once(prediction: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    pieces = ConfusionMatrix(CLASSES, IGNORED)
    for one_prediction, one_mask in zip(prediction, mask, strict=True):
        pieces.update(one_prediction, torch.from_numpy(one_mask).long())
    assert np.array_equal(pieces.matrix, confusion_matrix(prediction, mask, CLASSES, IGNORED))
    assert pieces.matrix.dtype == np.int64
    assert pieces.matrix.sum() == (mask != IGNORED).sum()


@given(MAPS, MASKS, st.permutations(range(CLASSES)))
def test_renamed_classes_move_rows_and_columns(
    prediction: NDArray[np.uint8], mask: NDArray[np.uint8], names: list[int]
) -> None:
    rename = np.array([*names, *range(CLASSES, IGNORED + 1)], np.uint8)
    matrix = confusion_matrix(prediction, mask, CLASSES, IGNORED)
    renamed = confusion_matrix(rename[prediction], rename[mask], CLASSES, IGNORED)
    assert np.array_equal(renamed[np.ix_(names, names)], matrix)


def test_a_mask_of_ignored_pixels_counts_nothing() -> None:
    assert not confusion_matrix(np.zeros((2, 2), np.uint8), np.full((2, 2), 9, np.uint8), 3, 9).any()


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"prediction of shape \(2, 2\), mask of \(2, 3\)"):
        confusion_matrix(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), 3, 9)


@pytest.mark.parametrize(("prediction", "mask", "name"), [(7, 0, "prediction"), (0, 7, "mask")])
def test_labels_beyond_the_classes_are_refused(prediction: int, mask: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} holds labels 7 to 7, classes: 3"):
        confusion_matrix(torch.tensor([prediction]), torch.tensor([mask]), 3, 9)
