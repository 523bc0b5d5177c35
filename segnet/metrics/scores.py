"""The measures of the paper's tables, from a confusion matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class SegmentationScores:
    """Global accuracy, class accuracy and mean IoU (arXiv 1511.00561, section 4.1), all in 0–1.

    A class that is neither in the truth nor predicted has no IoU. The means leave such classes out, and ``absent``
    lists them. The authors' script counts them as 0, like ``mean_iou_absent_as_zero``.

    Args:
        matrix: ``(C, C)`` counts, truth in rows; or ``(..., C, C)`` for many matrices at once.

    Attributes:
        iou, recall, precision: ``(..., C)`` float64, NaN if a class has none.
        global_accuracy: correct pixels ÷ labelled pixels.
        class_accuracy: mean recall of the classes in the truth.
        mean_iou: mean IoU of the classes in truth or prediction.
    """

    def __init__(self, matrix: NDArray[np.integer[Any]]) -> None:
        self.matrix = matrix
        hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
        truth, predicted = matrix.sum(-1), matrix.sum(-2)
        self.recall = divide(hits, truth)
        self.precision = divide(hits, predicted)
        self.iou = divide(hits, truth + predicted - hits)
        self._global_accuracy = divide(hits.sum(-1), truth.sum(-1))

    @property
    def global_accuracies(self) -> NDArray[np.float64]:
        """A value for each matrix."""
        return self._global_accuracy

    @property
    def class_accuracies(self) -> NDArray[np.float64]:
        return mean_of_present(self.recall)

    @property
    def mean_ious(self) -> NDArray[np.float64]:
        return mean_of_present(self.iou)

    @property
    def global_accuracy(self) -> float:
        return float(self.global_accuracies)

    @property
    def class_accuracy(self) -> float:
        return float(self.class_accuracies)

    @property
    def mean_iou(self) -> float:
        return float(self.mean_ious)

    @property
    def mean_iou_absent_as_zero(self) -> float:
        return float(np.nan_to_num(self.iou).mean())

    @property
    def absent(self) -> tuple[int, ...]:
        """Classes that are neither in the truth nor predicted."""
        return tuple(int(index) for index in np.flatnonzero(np.isnan(self.iou)))

    def per_class(self, names: Sequence[str]) -> dict[str, dict[str, float | int | None]]:
        """IoU, recall, precision and pixels in the truth by class name; None if there is no value."""
        pixels = self.matrix.sum(-1)
        return {
            name: {
                "iou": number_or_none(self.iou[i]),
                "recall": number_or_none(self.recall[i]),
                "precision": number_or_none(self.precision[i]),
                "pixels": int(pixels[i]),
            }
            for i, name in enumerate(names)
        }


def divide(a: NDArray[np.floating[Any]], b: NDArray[Any]) -> NDArray[np.float64]:
    """``a / b``, NaN where ``b`` is 0."""
    return np.asarray(np.divide(a, b, out=np.full(np.shape(a), np.nan), where=np.asarray(b) > 0))


def mean_of_present(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis without NaN; NaN if there are no other values."""
    present = ~np.isnan(values)
    return divide(np.where(present, values, 0).sum(-1), present.sum(-1))


def number_or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
