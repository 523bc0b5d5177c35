"""Turn decoded frames into upright RGB images of one size, in the colours of ordinary photographs."""

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from segnet.errors import UserError, first_line
from segnet.inference.video.hdr import DEEP, LIGHT, ToneMap
from segnet.inference.video.orientation import orientation_of

UNSPECIFIED = 2
"""FFmpeg's value for a colour space that the file does not name."""
HD = 1280, 720
"""The smallest width and the smallest height of HD video."""


class ToRgb:
    """Turns the frames of one video into images.

    A stream may change its size. All images have the first size, as in players.

    Args:
        name: name of the video, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.size: tuple[int, int] | None = None
        self.tone_map: tuple[int, ToneMap] | None = None

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB.

        Raises:
            UserError: FFmpeg cannot convert pixels of this type.
        """
        self.size = self.size or (frame.width, frame.height)
        try:
            if frame.color_trc in LIGHT:
                rgb = self._sdr(frame, *self.size).reformat(format="rgb24")
            else:
                rgb = frame.reformat(*self.size, format="rgb24", src_colorspace=colorspace_of(frame))
            return orientation_of(frame).upright(np.asarray(rgb.to_ndarray(), np.uint8))
        except (av.FFmpegError, ValueError) as error:
            raise UserError(
                f"{self.name}: frames of type {frame.format.name} cannot be made RGB ({first_line(error)}); convert it"
            ) from None

    def _sdr(self, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        deep = frame.reformat(width, height, format=DEEP, src_colorspace=colorspace_of(frame))
        if self.tone_map is None or self.tone_map[0] != frame.color_trc:
            self.tone_map = frame.color_trc, ToneMap(deep, frame.color_trc)
        return self.tone_map[1](deep)


def colorspace_of(frame: av.VideoFrame) -> Colorspace | None:
    """The colour space that players assume for a frame that names none. None: the frame's own, or else BT.601."""
    if frame.colorspace != UNSPECIFIED:
        return None
    if frame.color_trc in LIGHT:
        return Colorspace.BT2020
    is_hd = frame.width >= HD[0] or frame.height >= HD[1]
    return Colorspace.ITU709 if is_hd else None
