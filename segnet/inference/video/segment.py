"""The frames of a source through a predictor into an overlay video."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from segnet.errors import UserError
from segnet.inference.overlay import Legend, Overlay, Picture, class_shares
from segnet.inference.predictor import Predictor
from segnet.inference.video.pipeline import Behind, ahead
from segnet.inference.video.reader import Frame, Source
from segnet.inference.video.writer import VideoWriter

Shares = list[dict[str, object]]


def segment_video(
    source: Source,
    predictor: Predictor,
    overlay: Overlay,
    output: Path,
    draw: Callable[[Picture, Picture, Overlay], Picture],
    clip: "Clip",
    progress: Callable[[int, int], None] | None = None,
) -> Shares:
    """Write ``output``; what was written until an error or Ctrl-C plays.

    Args:
        source: of frames.
        predictor: turns them into classes.
        overlay: how classes are drawn.
        output: the video file; its suffix chooses the format.
        draw: makes the output's picture of image, mask and overlay.
        clip: which of the frames.
        progress: called with (frames done, frames in all or 0).

    Returns:
        A row a frame: its time in seconds and each class's share.

    Raises:
        UserError: the source has no frame in the clip, cannot be read, or the output cannot be written.
    """
    rows: Shares = []
    total = clip.count(source)
    writer = VideoWriter(output, source.rate / clip.stride, source.path, clip.start)
    legends: list[Legend] = []

    def write(item: tuple[Frame, Picture]) -> None:
        frame, mask = item
        picture = draw(frame.image, mask, overlay)
        if not legends:
            legends.append(Legend(overlay, picture.shape[1]))
        even = picture[: picture.shape[0] // 2 * 2]
        writer.write(np.concatenate([even, legends[0].draw(mask)]), frame.time)

    with writer, Behind(write) as keep:
        for frame in ahead(clip.of(source)):
            mask = predictor.classes_of([frame.image])[0]
            keep((frame, mask))
            shares = class_shares(mask, len(overlay.classes)).round(4).tolist()
            rows.append({"time": float(frame.time), **dict(zip(overlay.classes.names, shares, strict=True))})
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
            if self.end is not None and float(frame.time) >= self.end:
                return
            if float(frame.time) >= self.start:
                if number % self.stride == 0:
                    yield frame
                number += 1

    def count(self, source: Source) -> int:
        """Frames that will come, as far as the source says."""
        if not source.count:
            return 0
        last = source.count if self.end is None else min(source.count, round(self.end * source.rate))
        return max(0, -(-(last - round(self.start * source.rate)) // self.stride))


def over(image: Picture, mask: Picture, overlay: Overlay) -> Picture:
    """The colours over the picture."""
    return overlay.draw(image, mask)


def side_by_side(image: Picture, mask: Picture, overlay: Overlay) -> Picture:
    """The picture on the left, the colours over it on the right."""
    return np.concatenate([image, overlay.draw(image, mask)], axis=1)


def mask_only(image: Picture, mask: Picture, overlay: Overlay) -> Picture:
    """The classes' colours alone."""
    return overlay.classes.palette[mask]


LAYOUTS = {"overlay": over, "side": side_by_side, "mask": mask_only}
