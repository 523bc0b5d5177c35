"""The results for each frame: classes, optionally with smoothing, tiles, flicker or uncertainty."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.overlay import class_shares
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import most_likely
from segnet.inference.video.flicker import FlickerMeter
from segnet.inference.video.smoothing import TemporalSmoothing

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

LARGE = 1_000_000
"""Frames with more pixels go through the network one by one: two at once would take twice the memory for little gain.
"""


class Segmented(NamedTuple):
    """The results of one frame.

    Attributes:
        mask: class indices ``(H, W)`` uint8.
        shares: of each class, ``(C,)``, 0–1.
        uncertainty: variance of the dropout samples ``(H, W)`` float32; None if it was not asked for.
    """

    mask: Pixels
    shares: NDArray[np.float64]
    uncertainty: Floats | None = None


class Answer(NamedTuple):
    """The network's result for a frame: class indices, or probabilities ``(C, H, W)`` if they are needed."""

    mask: Pixels | None
    probabilities: Floats | None = None
    uncertainty: Floats | None = None


class FrameSegmenter:
    """Turns one frame after another into classes, in two steps that may run in two threads.

    Args:
        predictor: the predictor.
        smooth: weight of the past in the temporal smoothing, 0 (none) to under 1.
        uncertainty: keep the variance of the dropout samples.
        measure_flicker: measure how unsteady the classes are, before and after smoothing.

    Raises:
        UserError: settings do not go together.
    """

    def __init__(
        self,
        predictor: Predictor,
        smooth: float = 0.0,
        uncertainty: bool = False,
        measure_flicker: bool = False,
    ) -> None:
        if not 0 <= smooth < 1:
            raise UserError(f"--smooth {smooth}: the weight of the past is 0 to under 1")
        if uncertainty:
            check_varies(predictor)
        self.predictor, self.uncertainty = predictor, uncertainty
        self.smoothing = TemporalSmoothing(smooth) if smooth else None
        self.meter = FlickerMeter(2 if smooth else 1) if measure_flicker else None

    def threads(self, image: Pixels) -> int:
        """The number of threads that may call ``predict`` at the same time on frames such as ``image``.

        Two frames at once, each on half of the cores, take a sixth less time than one after the other on all cores.
        Cores that share a frame wait for each other at every layer, and for reading, drawing and encoding.
        """
        height, width = self.predictor.network_size(*image.shape[:2])
        # Dropout is switched on in the network itself, for all threads. Tiles are there to save memory.
        alone = height * width > LARGE or self.predictor.samples > 1 or self.predictor.tile is not None
        return 2 if self.predictor.backend.splits_cores and torch.get_num_threads() > 1 and not alone else 1

    def predict(self, images: Sequence[Pixels]) -> list[Answer]:
        """Run the network on the next frames, ``(H, W, 3)`` uint8 RGB, all of the same size."""
        if self.uncertainty:
            probabilities, variances = self.predictor.uncertainty(images)
            return [Answer(None, *pair) for pair in zip(probabilities, variances, strict=True)]
        if self.smoothing:
            return [Answer(None, found) for found in self.predictor.probabilities(images)]
        return [Answer(mask) for mask in self.predictor.classes_of(images)]

    def finish(self, image: Pixels, answer: Answer) -> Segmented:
        """Do the rest, frame by frame in order."""
        masks = []
        if answer.mask is not None:
            masks.append(answer.mask)
        if answer.probabilities is not None:
            if self.meter or not self.smoothing:
                masks.append(most_likely(answer.probabilities))
            if self.smoothing:
                masks.append(most_likely(self.smoothing.update(image, answer.probabilities)))
        if self.meter:
            self.meter.update(image, *masks)
        mask = masks[-1]
        return Segmented(mask, class_shares(mask, len(self.predictor.classes)), answer.uncertainty)


def check_varies(predictor: Predictor) -> None:
    """Refuse to show how passes differ if there is only one.

    Raises:
        UserError: the predictor makes one pass for each image.
    """
    if predictor.passes < 2:
        raise UserError(
            "--layout uncertainty needs --samples of 2 or more, --flip or --scales: it is how far passes differ"
        )
