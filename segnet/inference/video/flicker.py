"""Flicker: the share of pixels whose class changes although the image does not."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.inference.video.flow import Flow, grey, positions, seen_in_both


class FlickerMeter:
    """Flicker of any number of segmentations of one video, measured along the same flow.

    A pixel flickers if its class differs from the class at its place one frame before. Pixels that were hidden or
    outside the image are left out; the flow forth and back tells which. This is 1 - temporal consistency in accuracy
    instead of IoU (arXiv 1912.06632, section 3.3, uses such warped predictions).

    Args:
        count: number of segmentations that are measured together, such as before and after smoothing.
    """

    def __init__(self, count: int = 1) -> None:
        self.changed = [0] * count
        self.pixels = 0
        self.flow = Flow()
        self.before: tuple[NDArray[np.uint8], tuple[NDArray[np.uint8], ...]] | None = None

    def update(self, image: NDArray[np.uint8], *masks: NDArray[np.uint8]) -> None:
        """Count one frame after another.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            masks: one for each segmentation, ``(H, W)`` class indices.
        """
        now = grey(image)
        size = now.shape[1], now.shape[0]
        small = tuple(np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8) for mask in masks)
        if self.before is not None:
            earlier, earlier_masks = self.before
            flow = self.flow.between(now, earlier)
            visible = seen_in_both(flow, self.flow.between(earlier, now))
            there = positions(flow, now.shape)
            self.pixels += int(visible.sum())
            for index, (mask, old) in enumerate(zip(small, earlier_masks, strict=True)):
                warped = cv2.remap(
                    old, there[..., 0], there[..., 1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
                )
                self.changed[index] += int((visible & (warped != mask)).sum())
        self.before = now, small

    @property
    def flicker(self) -> list[float]:
        """The share of changed pixels for each segmentation, 0–1; NaN before the second frame."""
        return [changed / self.pixels if self.pixels else float("nan") for changed in self.changed]
