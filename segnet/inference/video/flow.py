"""Optical flow to the frame before: dense inverse search (DIS, arXiv 1603.03590)."""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

LONGEST_SIDE = 480
"""Flow is computed on frames that were scaled down to this side. It is smooth, and its cost grows with the pixels."""


class Flow:
    """Computes the flow between frames of one size, ``(H, W, 3)`` uint8 RGB."""

    def __init__(self) -> None:
        self.search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def between(self, frame: Grey, other: Grey) -> Floats:
        """For each pixel (y, x) of ``frame``, the (dx, dy) in pixels to the same point in ``other``, ``(H, W, 2)``.

        Both frames are grey images of :func:`grey`; the flow is in their pixels.
        """
        # DIS cannot build its pyramid for images under about 16 pixels, in which there is nothing to follow.
        if min(frame.shape) < 16:
            return np.zeros((*frame.shape, 2), np.float32)
        return np.asarray(self.search.calc(frame, other, None), np.float32)  # type: ignore[call-overload]


def grey(image: NDArray[np.uint8]) -> Grey:
    """``(H, W, 3)`` uint8 RGB to grey ``(h, w)`` uint8 whose longest side is at most :data:`LONGEST_SIDE`."""
    height, width = image.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def positions(flow: Floats, size: tuple[int, int]) -> Floats:
    """The place of each pixel in the other frame, which is scaled to ``size`` (H, W): ``(H, W, 2)`` of (x, y)."""
    height, width = size
    if flow.shape[:2] != size:
        scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
        flow = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR) * scale, np.float32)
    there = flow.copy()
    there[..., 0] += np.arange(width, dtype=np.float32)
    there[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    return there


def inside(there: Floats) -> NDArray[np.bool_]:
    """Pixels whose place in the other frame lies within it, ``(H, W)``."""
    height, width = there.shape[:2]
    x, y = there[..., 0], there[..., 1]
    return np.asarray((x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5))


def seen_in_both(forth: Floats, back: Floats) -> NDArray[np.bool_]:
    """Pixels that are in both frames, ``(H, W)``: the flow forth and back ends where it began.

    The bound is that of Sundaram, Brox and Keutzer (ECCV 2010), section 2.3.

    Args:
        forth: ``(H, W, 2)``, from this frame to the other.
        back: from the other frame to this one.
    """
    there = positions(forth, forth.shape[:2])
    returned = cv2.remap(back, there[..., 0], there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = np.square(forth + returned).sum(-1)
    lengths = np.square(forth).sum(-1) + np.square(returned).sum(-1)
    return np.asarray((error < 0.01 * lengths + 0.5) & inside(there))
