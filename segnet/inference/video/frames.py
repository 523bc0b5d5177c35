"""What is worked out for each frame: classes, with smoothing, tiles or uncertainty where asked for."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.overlay import class_shares
from segnet.inference.predictor import Predictor
from segnet.inference.tiles import TiledPredictor
from segnet.inference.video.smoothing import TemporalSmoothing

Picture = NDArray[np.uint8]


class Segmented(NamedTuple):
    """One frame's results.

    Attributes:
        mask: class indices ``(H, W)`` uint8.
        shares: of each class, ``(C,)``, 0–1.
        uncertainty: variance of the dropout samples ``(H, W)`` float32, None where it was not asked for.
    """

    mask: Picture
    shares: NDArray[np.float64]
    uncertainty: NDArray[np.float32] | None = None


class FrameSegmenter:
    """Turns one frame after another into classes.

    Args:
        predictor: runs on the frames.
        smooth: weight of the past in the temporal smoothing, 0 (none) to under 1.
        tile: (H, W) of tiles in which frames are seen; None: as a whole.
        uncertainty: keep the variance of the dropout samples.

    Raises:
        UserError: settings that do not go together.
    """

    def __init__(
        self,
        predictor: Predictor,
        smooth: float = 0.0,
        tile: tuple[int, int] | None = None,
        uncertainty: bool = False,
    ) -> None:
        if not 0 <= smooth < 1:
            raise UserError(f"--smooth {smooth}: the weight of the past is 0 to under 1")
        if uncertainty and predictor.samples < 2:
            raise UserError("--layout uncertainty needs --samples of 2 or more: it is how far they differ")
        if uncertainty and tile:
            raise UserError("--layout uncertainty and --tile do not go together; leave one out")
        self.predictor, self.uncertainty = predictor, uncertainty
        self.runner = TiledPredictor(predictor, tile) if tile else predictor
        self.smoothing = TemporalSmoothing(smooth) if smooth else None

    def __call__(self, image: Picture) -> Segmented:
        """The next frame ``(H, W, 3)`` uint8 RGB, of the size of those before."""
        variance = None
        if self.uncertainty:
            (probabilities,), (variance,) = self.predictor.uncertainty([image])
        elif self.smoothing:
            probabilities = self.runner.probabilities([image])[0]
        else:
            return self.result(self.runner.classes_of([image])[0])
        if self.smoothing:
            probabilities = self.smoothing.update(image, probabilities)
        return self.result(np.asarray(probabilities.argmax(0), np.uint8), variance)

    def result(self, mask: Picture, variance: NDArray[np.float32] | None = None) -> Segmented:
        return Segmented(mask, class_shares(mask, len(self.predictor.classes)), variance)
