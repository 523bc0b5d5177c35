"""The pictures of sample predictions."""

import numpy as np

from segnet.datasets.classes import ClassSet
from segnet.report.grid import GAP, MAX_SIDE, grid, prediction_row

CLASSES = ClassSet(("a", "b"), ((10, 20, 30), (200, 0, 0)), 255)


def test_a_row_holds_image_truth_and_prediction() -> None:
    image = np.full((2, 3, 3), 7, np.uint8)
    mask = np.array([[0, 1, 255], [0, 1, 1]], np.uint8)
    prediction = np.array([[1, 1, 1], [0, 0, 1]], np.uint8)
    photo, truth, ours = prediction_row(image, mask, prediction, CLASSES)
    assert photo.tolist() == image.tolist()
    assert truth[0].tolist() == [[10, 20, 30], [200, 0, 0], [0, 0, 0]]
    assert ours[0].tolist() == [[200, 0, 0], [200, 0, 0], [0, 0, 0]]


def test_large_images_are_shrunk() -> None:
    labels = np.zeros((720, 960), np.uint8)
    row = prediction_row(np.zeros((720, 960, 3), np.uint8), labels, labels, CLASSES)
    assert {picture.shape for picture in row} == {(MAX_SIDE * 3 // 4, MAX_SIDE, 3)}


def test_rows_of_several_widths_stand_on_white() -> None:
    wide, narrow = np.full((2, 5, 3), 7, np.uint8), np.full((3, 4, 3), 9, np.uint8)
    picture = grid([[wide, wide], [narrow]])
    assert picture.shape == (2 + GAP + 3, 5 + GAP + 5, 3)
    assert (picture[:2, :5] == 7).all()
    assert (picture[:2, 5 + GAP :] == 7).all()
    assert (picture[2 + GAP :, :4] == 9).all()
    assert (picture[2 : 2 + GAP] == 255).all()
    assert (picture[2 + GAP :, 4:] == 255).all()
