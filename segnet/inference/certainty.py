"""The confidence of a network in its pixels, compared with whether it is right."""

import numpy as np
from numpy.typing import NDArray

from segnet.metrics import CalibrationBins

CALIBRATION_STRIDE = 4
"""Every fourth row and column is enough for the bins: neighbours are alike, and the cost is a sixteenth."""

ORDER_BINS = 350
"""Bins for the order of pixels by certainty: fifty for each power of ten of doubt."""


class CertaintyBins:
    """The confidence of a network in its pixels, compared with whether it is right, over any number of images.

    Args:
        sampled: whether dropout samples give a variance, which orders the pixels too.
    """

    def __init__(self, sampled: bool) -> None:
        self.calibration, self.by_confidence = CalibrationBins(), CalibrationBins(ORDER_BINS)
        self.by_spread = CalibrationBins(ORDER_BINS) if sampled else None

    def update(
        self,
        probabilities: NDArray[np.float32],
        variance: NDArray[np.float32] | None,
        labelled: NDArray[np.bool_],
        correct: NDArray[np.bool_],
    ) -> None:
        """Count one image.

        Args:
            probabilities: softmax ``(C, H, W)``, 0–1.
            variance: over dropout samples, ``(H, W)``; None without them.
            labelled: ``(H, W)``, whether the pixel counts.
            correct: ``(H, W)``, whether its class is right.
        """
        every = slice(None, None, CALIBRATION_STRIDE)
        some = labelled[every, every]
        confidence, hits = probabilities[:, every, every].max(0)[some], correct[every, every][some]
        self.calibration.update(confidence, hits)
        self.by_confidence.update(certainty(1 - confidence), hits)
        if self.by_spread and variance is not None:
            # A variance of values in 0–1 is at most 1/4, so twice its root is in 0–1.
            self.by_spread.update(certainty(2 * np.sqrt(variance[every, every][some])), hits)


def certainty(doubt: NDArray[np.floating]) -> NDArray[np.floating]:
    """Turn doubt, 0–1, into certainty, 0–1, on a logarithmic scale over seven powers of ten.

    Trained networks are sure of most pixels. With bins of equal width, nearly all pixels would lie in the last bin.
    """
    return np.asarray(-np.log10(np.clip(doubt, 1e-7, 1)) / 7)
