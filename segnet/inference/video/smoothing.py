"""Temporal smoothing: each frame's probabilities averaged with earlier ones, moved along the flow."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.inference.video.flow import Flow, grey, inside, positions

DIFFERENCE = 12.0
"""Difference in grey levels at which a pixel counts as a different object."""


class TemporalSmoothing:
    """A running average of probabilities along optical flow.

    The past has the weight ``strength`` where the flow explains the image. Elsewhere it has less, by ``exp(-(difference
    / 12)²)`` of the grey levels, and none outside the image. So new objects show at once.

    Args:
        strength: weight of the past, 0 (none) to under 1; 0.7 averages about three frames.
    """

    def __init__(self, strength: float = 0.7) -> None:
        if not 0 <= strength < 1:
            raise ValueError(f"strength {strength}: expected 0 to under 1")
        self.strength = strength
        self.flow = Flow()
        self.before: tuple[NDArray[np.uint8], NDArray[np.float32]] | None = None

    def update(self, image: NDArray[np.uint8], probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """The smoothed probabilities of the next frame.

        Args:
            image: ``(H, W, 3)`` uint8 RGB; all frames have the same size.
            probabilities: ``(C, H, W)``.
        """
        now = grey(image)
        # In this layout OpenCV moves whole pixels at once, with all their classes.
        smoothed = np.ascontiguousarray(probabilities.transpose(1, 2, 0))
        if self.before is not None:
            earlier, past = self.before
            flow = self.flow.between(now, earlier)
            weight = cv2.resize(self.trust(now, earlier, flow), (image.shape[1], image.shape[0]))[..., None]
            there = positions(flow, image.shape[:2])
            moved = cv2.remap(past, there[..., 0], there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            moved = moved.reshape(smoothed.shape)
            smoothed = smoothed + weight * (moved - smoothed)
        self.before = now, smoothed
        return smoothed.transpose(2, 0, 1)

    def trust(
        self, now: NDArray[np.uint8], earlier: NDArray[np.uint8], flow: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Weight of the past at each pixel of ``now``, ``(h, w)`` float32, 0 to ``strength``."""
        there = positions(flow, now.shape)
        moved = cv2.remap(earlier, there[..., 0], there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # Single pixels differ by noise, and objects differ over several pixels.
        difference = cv2.blur(cv2.absdiff(now, moved).astype(np.float32), (5, 5))
        return np.asarray(self.strength * np.exp(-np.square(difference / DIFFERENCE)) * inside(there), np.float32)
