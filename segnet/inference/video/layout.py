"""Which picture a segmented frame becomes."""

from collections.abc import Callable

import cv2
import numpy as np

from segnet.inference.overlay import Overlay, Picture
from segnet.inference.video.frames import Segmented

Layout = Callable[[Picture, Segmented, Overlay], Picture]
"""From frame, results and overlay to ``(H, W', 3)`` uint8 RGB."""


def over(image: Picture, found: Segmented, overlay: Overlay) -> Picture:
    """The colours over the picture."""
    return overlay.draw(image, found.mask)


def side_by_side(image: Picture, found: Segmented, overlay: Overlay) -> Picture:
    """The picture on the left, the colours over it on the right."""
    return np.concatenate([image, overlay.draw(image, found.mask)], axis=1)


def mask_only(image: Picture, found: Segmented, overlay: Overlay) -> Picture:
    """The classes' colours alone; classes that are not shown are black."""
    return np.where(overlay.is_shown[found.mask][..., None], overlay.classes.palette[found.mask], np.uint8(0))


def with_uncertainty(image: Picture, found: Segmented, overlay: Overlay) -> Picture:
    """The colours over the picture on the left; where the samples differ, brighter on the right."""
    assert found.uncertainty is not None
    # The standard deviation of values in 0–1 is at most 1/2; its mean over classes rarely passes half of that.
    brightness = np.minimum(np.sqrt(found.uncertainty) * 4, 1) * 255
    heat = cv2.applyColorMap(brightness.astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    return np.concatenate([overlay.draw(image, found.mask), heat], axis=1)


LAYOUTS: dict[str, Layout] = {
    "overlay": over,
    "side": side_by_side,
    "mask": mask_only,
    "uncertainty": with_uncertainty,
}
