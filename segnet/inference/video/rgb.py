"""Turn decoded frames into upright RGB images of one size, in the colours of ordinary photographs."""

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, VideoReformatter
from numpy.typing import NDArray

from segnet.errors import UserError, first_line
from segnet.inference.video.bt2020 import DEEP, LIGHT, ToBt709
from segnet.inference.video.orientation import orientation_of

UNSPECIFIED = 2
"""FFmpeg's value for a colour space or primaries that the file does not name."""
BT2020_SDR = ColorTrc.BT2020_10, ColorTrc.BT2020_12
BT2020_SPACES = 9, 10
"""FFmpeg's values of BT.2020's colour space, without and with constant luminance."""
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
        self.to_bt709: tuple[int, ToBt709] | None = None
        # FFmpeg's tables for a conversion take longer than the conversion of a frame, so the converters are kept.
        self.to_rgb, self.to_deep = VideoReformatter(), VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB.

        Raises:
            UserError: FFmpeg cannot convert pixels of this type.
        """
        self.size = self.size or (frame.width, frame.height)
        try:
            if is_wide(frame):
                rgb = self.to_rgb.reformat(self._bt709(frame, *self.size), format="rgb24", threads=1)
            else:
                space = colorspace_of(frame)
                rgb = self.to_rgb.reformat(frame, *self.size, format="rgb24", src_colorspace=space, threads=1)
            return orientation_of(frame).upright(np.asarray(rgb.to_ndarray(), np.uint8))
        except (av.FFmpegError, ValueError) as error:
            raise UserError(
                f"{self.name}: frames of type {frame.format.name} cannot be made RGB ({first_line(error)}); convert it"
            ) from None

    def _bt709(self, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        space = colorspace_of(frame)
        deep = self.to_deep.reformat(frame, width, height, format=DEEP, src_colorspace=space, threads=1)
        if self.to_bt709 is None or self.to_bt709[0] != frame.color_trc:
            self.to_bt709 = frame.color_trc, ToBt709(deep, frame.color_trc)
        return self.to_bt709[1](deep)


def is_wide(frame: av.VideoFrame) -> bool:
    """Whether a frame is HDR, or has BT.2020's primaries."""
    if frame.color_primaries == UNSPECIFIED:
        return frame.color_trc in LIGHT or frame.color_trc in BT2020_SDR or frame.colorspace in BT2020_SPACES
    return frame.color_trc in LIGHT or frame.color_primaries == ColorPrimaries.BT2020


def colorspace_of(frame: av.VideoFrame) -> Colorspace | None:
    """The colour space that players assume for a frame that names none. None: the frame's own, or else BT.601."""
    if frame.colorspace != UNSPECIFIED:
        return None
    if is_wide(frame):
        return Colorspace.BT2020
    is_hd = frame.width >= HD[0] or frame.height >= HD[1]
    return Colorspace.ITU709 if is_hd else None
