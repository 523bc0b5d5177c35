"""How sure a network is of its pixels, against whether it is right."""

import numpy as np
from numpy.typing import NDArray

from segnet.metrics import CalibrationBins

CALIBRATION_STRIDE = 4
"""Every fourth row and column is enough to bin confidences: neighbours say the same, and it costs a sixteenth."""

ORDER_BINS = 350
"""Of pixels by their certainty: fifty for each power of ten of doubt."""


class CertaintyBins:
    """How sure a network is of its pixels, against whether it is right, over any number of images.

    Args:
        sampled: there is a variance over dropout samples, by which pixels are put in order too.
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
        """Count one image: ``(C, H, W)``, and three times ``(H, W)``."""
        every = slice(None, None, CALIBRATION_STRIDE)
        some = labelled[every, every]
        confidence, hits = probabilities[:, every, every].max(0)[some], correct[every, every][some]
        self.calibration.update(confidence, hits)
        self.by_confidence.update(certainty(1 - confidence), hits)
        if self.by_spread and variance is not None:
            # A variance of values in 0–1 is at most 1/4: twice its root is in 0–1.
            self.by_spread.update(certainty(2 * np.sqrt(variance[every, every][some])), hits)


def certainty(doubt: NDArray[np.floating]) -> NDArray[np.floating]:
    """Doubt in 0–1 turned round and stretched over seven powers of ten, in 0–1.

    Trained networks are sure of most pixels; bins of equal width would hold nearly all of them in the last.
    """
    return np.asarray(-np.log10(np.clip(doubt, 1e-7, 1)) / 7)
