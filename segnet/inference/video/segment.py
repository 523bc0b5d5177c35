"""Segment the frames of a source into a new video."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.video.frames import Answer, FrameSegmenter, Pixels, Segmented
from segnet.inference.video.images import ImageWriter
from segnet.inference.video.pipeline import Behind, ahead, at_once, batched
from segnet.inference.video.reader import Frame, Source
from segnet.inference.video.writer import VideoWriter
from segnet.rounding import ceil_div

Draw = Callable[[Pixels, Segmented], Pixels]
"""Draws a frame and its results."""
Row = dict[str, Any]
"""``time`` in seconds, ``shares`` of each class by name, and ``uncertainty`` if it was asked for."""


class Writer(AbstractContextManager[Any], Protocol):
    """Takes the frames of a video. Leaving it completes the file.

    Attributes:
        until: second at which the last frame ends; None: after the usual time.
    """

    until: Fraction | None

    def write(self, image: NDArray[np.uint8], time: Fraction) -> None: ...


class Clip:
    """Part of a source.

    Args:
        start: second of the first frame.
        end: second before which the last frame lies; None: the source's end.
        stride: every ``stride``-th frame is taken.

    Attributes:
        until: second at which the last frame ends that was read; None before the first.

    Raises:
        UserError: the clip cannot contain a frame.
    """

    def __init__(self, start: float = 0, end: float | None = None, stride: int = 1) -> None:
        if not 0 <= start < float("inf"):
            raise UserError(f"--start {start}: a second from 0 on is expected")
        if end is not None and not start < end:
            raise UserError(f"--end {end}: has to be after the start at {start} seconds")
        if stride < 1:
            raise UserError(f"--stride {stride}: every n-th frame is taken, n is 1 or more")
        # The float 0.2 is a little more than the fifth that the user means.
        self.start = Fraction(start).limit_denominator(1_000_000)
        self.end = None if end in (None, float("inf")) else Fraction(end).limit_denominator(1_000_000)
        self.stride = stride
        self.until: Fraction | None = None

    def of(self, source: Source) -> Iterator[Frame]:
        index = 0
        for frame in source.frames(self.start):
            if self.end is not None and frame.time >= self.end:
                return
            if frame.time >= self.start:
                end = frame.time + (frame.duration or 1 / source.rate)
                self.until = end if self.end is None else min(end, self.end)
                if index % self.stride == 0:
                    yield frame
                index += 1

    def count(self, source: Source) -> int:
        """Number of frames in the clip; 0 if the source does not tell."""
        if not source.count:
            return 0
        last = source.count if self.end is None else min(source.count, round(self.end * source.rate))
        return max(0, ceil_div(last - round(self.start * source.rate), self.stride))


def open_writer(
    output: Path, source: Source, clip: Clip, lossless: bool = False, keep_size: bool = False
) -> VideoWriter | ImageWriter:
    """The writer for ``output``: a video file, whose suffix chooses the format, or a folder if it has no suffix.

    Raises:
        UserError: there is no such format, the encoder is missing, or the output is the source.
    """
    if source.path and output.exists() and output.samefile(source.path):
        raise UserError(f"{output}: is the input itself; name another file")
    if not output.suffix:
        return ImageWriter(output)
    rate = source.rate / clip.stride
    return VideoWriter(output, rate, source.path, clip.start, source.pixel_aspect, lossless, keep_size)


def class_indices(image: Pixels, found: Segmented) -> Pixels:  # noqa: ARG001
    """Draw nothing, and give the frame's class indices ``(H, W)``."""
    return found.mask


def segment_video(
    source: Source,
    segment: FrameSegmenter,
    draw: Draw,
    writer: Writer,
    clip: Clip | None = None,
    batch: int = 1,
    rows: list[Row] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a video; reading, network, drawing and writing overlap.

    After an error or Ctrl-C, the written part plays.

    Args:
        source: the frames.
        segment: turns them into classes.
        draw: makes the images, such as a ``Painter``.
        writer: writes them.
        clip: the part of the source; None: all.
        batch: frames that the network sees at once; more than one helps on a GPU.
        rows: a row for each frame is added to this list.
        progress: called with (frames done, total or 0).

    Returns:
        The number of frames written.

    Raises:
        UserError: the source has no frame in the clip, cannot be read, or the output cannot be written.
    """
    clip = clip or Clip()
    total, done = clip.count(source), 0
    names = segment.predictor.classes.names

    def predict(group: list[Frame]) -> list[Answer]:
        return segment.predict([frame.image for frame in group])

    def write(item: tuple[Pixels, Fraction, Segmented]) -> None:
        nonlocal done
        drawn, time, found = item
        writer.write(drawn, time)
        done += 1
        if rows is not None:
            rows.append(row_of(time, found, names))
        if progress:
            progress(done, total)

    def finish(item: tuple[Frame, Answer]) -> None:
        frame, answer = item
        found = segment.finish(frame.image, answer)
        keep((draw(frame.image, found), frame.time, found))

    with writer, Behind(write) as keep, Behind(finish) as answered, closing(ahead(clip.of(source))) as frames:
        groups = batched(frames, batch)
        if first := next(groups, None):
            threads = segment.threads(first[0].image)
            with closing(at_once(predict, itertools.chain([first], groups), threads)) as pairs:
                for group, answers in pairs:
                    for pair in zip(group, answers, strict=True):
                        answered(pair)
        # The frames behind the last one that is taken, and the long last frame of a GIF, are part of the time.
        writer.until = clip.until
    if not done:
        raise no_frames(clip)
    return done


def row_of(time: Fraction, found: Segmented, names: tuple[str, ...]) -> Row:
    row: Row = {"time": float(time), "shares": dict(zip(names, found.shares.round(4).tolist(), strict=True))}
    if found.uncertainty is not None:
        row["uncertainty"] = float(found.uncertainty.mean())
    return row


def no_frames(clip: Clip) -> UserError:
    end = "the end" if clip.end is None else f"{float(clip.end):g}"
    return UserError(f"no frame between {float(clip.start):g} and {end} seconds; give another --start or --end")
