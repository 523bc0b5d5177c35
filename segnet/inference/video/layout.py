"""The output image of a segmented frame."""

import time
from collections import deque
from collections.abc import Callable

import cv2
import numpy as np

from segnet.inference.overlay import Legend, Overlay, Pixels, caption
from segnet.inference.video.frames import Segmented

Layout = Callable[[Pixels, Segmented, Overlay], Pixels]
"""Draws frame, results and overlay as ``(H, W', 3)`` uint8 RGB."""


def over(image: Pixels, found: Segmented, overlay: Overlay) -> Pixels:
    """The colours over the image."""
    return overlay.draw(image, found.mask)


def side_by_side(image: Pixels, found: Segmented, overlay: Overlay) -> Pixels:
    """The image on the left, the colours over it on the right."""
    return np.concatenate([image, overlay.draw(image, found.mask)], axis=1)


def mask_only(image: Pixels, found: Segmented, overlay: Overlay) -> Pixels:  # noqa: ARG001
    """The classes' own colours alone; classes that are not shown are black."""
    return overlay.draw_alone(found.mask)


def with_uncertainty(image: Pixels, found: Segmented, overlay: Overlay) -> Pixels:
    """The colours over the image on the left. On the right, pixels are brighter where the samples differ more."""
    assert found.uncertainty is not None
    # The standard deviation of values in 0–1 is at most 1/2. Its mean over classes is rarely above half of that.
    brightness = np.minimum(np.sqrt(found.uncertainty) * 4, 1) * 255
    heat = cv2.applyColorMap(brightness.astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    both = np.concatenate([overlay.draw(image, found.mask), heat], axis=1)
    return caption(both, "uncertainty: bright where samples differ", left=image.shape[1])


LAYOUTS: dict[str, Layout] = {
    "overlay": over,
    "side": side_by_side,
    "mask": mask_only,
    "uncertainty": with_uncertainty,
}


class Painter:
    """Draws the images of one video.

    Args:
        overlay: draws the classes.
        layout: a name of ``LAYOUTS``.
        legend: a strip with the classes' names and shares below.
        rate: show the frames a second in the corner; with the layout ``uncertainty`` also the mean uncertainty.
    """

    def __init__(self, overlay: Overlay, layout: str = "overlay", legend: bool = True, rate: bool = False) -> None:
        self.overlay, self.layout, self.rate = overlay, LAYOUTS[layout], rate
        self.with_legend = legend
        self.legend: Legend | None = None
        self.clock = FrameClock()
        self.counted: tuple[Segmented | None, float] = None, 0.0

    def __call__(self, image: Pixels, found: Segmented) -> Pixels:
        """``(H', W', 3)`` uint8 RGB of the frame ``image`` ``(H, W, 3)``. All frames have one size."""
        drawn = self.layout(image, found, self.overlay)
        if self.rate:
            # The same frame drawn again with another opacity does not count.
            if self.counted[0] is not found:
                self.counted = found, self.clock.tick()
            words = [f"{self.counted[1]:.1f} frames/s"]
            if found.uncertainty is not None:
                words.append(f"uncertainty {found.uncertainty.mean():.4f}")
            drawn = caption(drawn, " · ".join(words))
        if not self.with_legend:
            return drawn
        self.legend = self.legend or Legend(self.overlay, drawn.shape[:2], exact=self.layout is mask_only)
        return np.concatenate([drawn, self.legend.draw(found.shares)])


class FrameClock:
    """Frames a second over about the last two seconds.

    Args:
        now: the clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.now = now
        self.times: deque[float] = deque(maxlen=60)

    def tick(self) -> float:
        """Count a frame; gives the rate so far, 0 at the first."""
        self.times.append(self.now())
        while len(self.times) > 2 and self.times[-1] - self.times[0] > 2:
            self.times.popleft()
        span = self.times[-1] - self.times[0]
        return (len(self.times) - 1) / span if span else 0.0
