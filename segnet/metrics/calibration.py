"""Calibration: is a network with a confidence of 0.8 right in 80 of 100 pixels (arXiv 1706.04599)?"""

import numpy as np
from numpy.typing import NDArray


class CalibrationBins:
    """Confidence, the highest class probability, against accuracy, in bins of equal width over 0–1.

    Args:
        bins: number of bins.

    Attributes:
        pixels, confidence_sum, correct: ``(bins,)``, the pixels, the sum of confidences and the hits in each bin.
    """

    def __init__(self, bins: int = 15) -> None:
        self.pixels: NDArray[np.int64] = np.zeros(bins, np.int64)
        self.correct: NDArray[np.int64] = np.zeros(bins, np.int64)
        self.confidence_sum: NDArray[np.float64] = np.zeros(bins)

    def update(self, confidence: NDArray[np.floating], correct: NDArray[np.bool_]) -> None:
        """Count pixels: confidences in 0–1, and whether the prediction was right, in arrays of one shape."""
        count = len(self.pixels)
        # Bins are open below and closed above: a confidence of 1 is in the last.
        bins = np.clip(np.ceil(confidence.ravel() * count).astype(np.int64) - 1, 0, count - 1)
        self.pixels += np.bincount(bins, minlength=count)
        self.correct += np.bincount(bins, correct.ravel(), minlength=count).astype(np.int64)
        self.confidence_sum += np.bincount(bins, confidence.ravel().astype(np.float64), minlength=count)

    @property
    def expected_calibration_error(self) -> float:
        """Mean of |accuracy - confidence| over the bins, weighted by their pixels; 0 is perfect."""
        total = self.pixels.sum()
        return float(np.abs(self.correct - self.confidence_sum).sum() / total) if total else 0.0

    def accuracy_left(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share of pixels left out, least confident first, and the accuracy of the rest; from 0 upwards."""
        kept, hits = self.pixels[::-1].cumsum()[::-1], self.correct[::-1].cumsum()[::-1]
        some = kept > 0
        return 1 - kept[some] / max(int(self.pixels.sum()), 1), hits[some] / kept[some]

    def accuracy_without(self, share: float) -> float:
        """Accuracy without this share of the pixels; NaN if these cannot be told from the rest."""
        left_out, accuracy = self.accuracy_left()
        return float(np.interp(share, left_out, accuracy, right=np.nan)) if len(left_out) else float("nan")

    def to_array(self) -> NDArray[np.float64]:
        """``(3, bins)``: pixels, correct and confidence_sum."""
        return np.stack([self.pixels, self.correct, self.confidence_sum])

    @classmethod
    def from_array(cls, array: NDArray[np.float64]) -> "CalibrationBins":
        bins = cls(array.shape[1])
        bins.pixels, bins.correct = array[0].astype(np.int64), array[1].astype(np.int64)
        bins.confidence_sum = array[2]
        return bins
