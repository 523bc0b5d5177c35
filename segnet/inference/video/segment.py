"""The frames of a source through a network into an overlay video."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from segnet.errors import UserError
from segnet.inference.overlay import Legend, Overlay
from segnet.inference.video.frames import FrameSegmenter, Segmented
from segnet.inference.video.layout import LAYOUTS
from segnet.inference.video.pictures import PictureWriter
from segnet.inference.video.pipeline import Behind, ahead
from segnet.inference.video.reader import Frame, Source
from segnet.inference.video.writer import VideoWriter

Shares = list[dict[str, float]]


def segment_video(
    source: Source,
    segment: FrameSegmenter,
    overlay: Overlay,
    output: Path,
    layout: str = "overlay",
    clip: "Clip | None" = None,
    progress: Callable[[int, int], None] | None = None,
) -> Shares:
    """Write ``output``; what was written until an error or Ctrl-C plays.

    Args:
        source: of frames.
        segment: turns them into classes.
        overlay: how classes are drawn.
        output: a video file, whose suffix chooses the format, or a folder of pictures if it has no suffix; with the
            layout ``mask`` these are index masks.
        layout: a name of ``LAYOUTS``.
        clip: which of the frames; None: all.
        progress: called with (frames done, frames in all or 0).

    Returns:
        A row a frame: its time in seconds and each class's share.

    Raises:
        UserError: the source has no frame in the clip, cannot be read, or the output cannot be written.
    """
    clip = clip or Clip()
    rows: Shares = []
    total = clip.count(source)
    writer: VideoWriter | PictureWriter
    if output.suffix:
        writer = VideoWriter(output, source.rate / clip.stride, source.path, clip.start, source.pixel_aspect)
    else:
        writer = PictureWriter(output)
    legends: list[Legend] = []

    def write(item: tuple[Frame, Segmented]) -> None:
        frame, found = item
        if layout == "mask" and isinstance(writer, PictureWriter):
            writer.write(found.mask, frame.time)
            return
        picture = LAYOUTS[layout](frame.image, found, overlay)
        if not legends:
            legends.append(Legend(overlay, picture.shape[1]))
        # The legend's height is even, so the frame's has to be, for the sum to be one that codecs take.
        even = picture[: max(1, picture.shape[0] // 2 * 2)]
        writer.write(np.concatenate([even, legends[0].draw(found.mask)]), frame.time)

    with writer, Behind(write) as keep:
        for frame in ahead(clip.of(source)):
            found = segment(frame.image)
            keep((frame, found))
            shares = found.shares.round(4).tolist()
            rows.append({"time": float(frame.time), **dict(zip(overlay.classes.names, shares, strict=True))})
            if found.uncertainty is not None:
                rows[-1]["uncertainty"] = float(found.uncertainty.mean())
            if progress:
                progress(len(rows), total)
    if not rows:
        raise UserError(f"no frame between {clip.start} and {clip.end} seconds; give another --start or --end")
    return rows


class Clip:
    """Part of a source.

    Args:
        start: second of the first frame.
        end: second before which the last frame lies; None: the source's end.
        stride: every how manyeth frame is taken.
    """

    def __init__(self, start: float = 0, end: float | None = None, stride: int = 1) -> None:
        self.start, self.end, self.stride = start, end, stride

    def of(self, source: Source) -> Iterable[Frame]:
        number = 0
        for frame in source:
            if self.end is not None and frame.time >= Fraction(self.end):
                return
            if frame.time >= Fraction(self.start):
                if number % self.stride == 0:
                    yield frame
                number += 1

    def count(self, source: Source) -> int:
        """Frames that will come, as far as the source says."""
        if not source.count:
            return 0
        last = source.count if self.end is None else min(source.count, round(self.end * source.rate))
        return max(0, -(-(last - round(self.start * source.rate)) // self.stride))
