"""The picture of sample predictions."""

import numpy as np

from segnet.datasets.classes import ClassSet
from segnet.report.grid import GAP, sample_grid


def test_rows_hold_image_truth_and_prediction() -> None:
    classes = ClassSet(("a", "b"), ((10, 20, 30), (200, 0, 0)), 255)
    image = np.full((2, 3, 3), 7, np.uint8)
    mask = np.array([[0, 1, 255], [0, 1, 1]], np.uint8)
    prediction = np.array([[1, 1, 1], [0, 0, 1]], np.uint8)
    grid = sample_grid([image] * 3, [mask] * 3, [prediction] * 3, classes, rows=2)
    assert grid.shape == (2 * 2 + GAP, 3 * 3 + 2 * GAP, 3)
    assert grid[0, 0].tolist() == [7, 7, 7]
    truth, predicted = grid[:2, 3 + GAP : 6 + GAP], grid[:2, 6 + 2 * GAP :]
    assert truth[0].tolist() == [[10, 20, 30], [200, 0, 0], [0, 0, 0]]
    assert predicted[0].tolist() == [[200, 0, 0], [200, 0, 0], [0, 0, 0]]
    assert (grid[2 : 2 + GAP] == 255).all()
