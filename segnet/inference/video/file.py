"""Segment a video file or a folder of images into a new video or folder."""

import base64
import glob
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from segnet.errors import UserError
from segnet.files import write_json
from segnet.inference.image_input import STDIN
from segnet.inference.predictor import Predictor
from segnet.inference.video.reader import IMAGE_RATE, Source, VideoFile, open_source
from segnet.inference.video.segment import Row, class_indices, open_writer, segment_video
from segnet.inference.video.settings import VideoSettings
from segnet.inference.video.stdin import NAME, stdin_as_file
from segnet.terminal import progress_bar
from segnet.written_files import check_written

SHOWN_IN_NOTEBOOK = 20_000_000
"""The most bytes of a video that is put into a notebook."""


@dataclass(frozen=True)
class SegmentedVideo:
    """A written video. In a notebook it shows itself as a player.

    Attributes:
        path: the video, or a folder of PNG files.
        frames: number of written frames.
        seconds: time that it took.
        rows: for each frame, its ``time`` in seconds, the ``shares`` of the classes by name and, if it was asked for,
            the mean ``uncertainty``.
        flicker: share of the pixels that change class from frame to frame, then the same after smoothing; empty if it
            was not asked for.
        runtime: runtime, precision and device, such as ``openvino bf16 on cpu``.
    """

    path: Path
    frames: int
    seconds: float
    rows: list[Row] = field(repr=False)
    flicker: list[float]
    runtime: str

    def _repr_html_(self) -> str | None:
        kind = {".mp4": "mp4", ".webm": "webm"}.get(self.path.suffix.lower())
        if kind is None or self.path.stat().st_size > SHOWN_IN_NOTEBOOK:
            return None
        content = base64.b64encode(self.path.read_bytes()).decode()
        return f'<video controls style="max-width: 100%" src="data:video/{kind};base64,{content}"></video>'


def segment_file(
    predictor: Predictor, source: str, output: Path, settings: VideoSettings, json: Path | None = None
) -> SegmentedVideo:
    """Write the classes over the frames of ``source``. After an error or Ctrl-C, the written part plays.

    Args:
        predictor: the predictor.
        source: video file, folder of images, pattern, or ``-`` for standard input.
        output: video to write; without a suffix, a folder of PNG files.
        settings: all other settings.
        json: file for the rows; after an error or Ctrl-C it has the rows so far.

    Raises:
        UserError: the source cannot be read, the output cannot be written, or settings do not go together.
        KeyboardInterrupt: the message says how many frames were written.
    """
    if output.is_file() and source != STDIN and not (Path(source).exists() or glob.has_magic(source)):
        raise UserError(f"{source}: no such video, but {output} is there; the input is named before the output")
    check_written({"OUTPUT": output if output.suffix else None, "--json": json}, [source])
    settings.painter(predictor.classes)
    settings.segmenter(predictor)  # checks the settings before anything is opened
    if source == STDIN:
        with stdin_as_file(output) as path:
            return segment_source(predictor, VideoFile(path, name=NAME), output, settings, json)
    rate = Fraction(settings.fps).limit_denominator(1001) if settings.fps else IMAGE_RATE
    return segment_source(predictor, open_source(source, rate), output, settings, json)


def segment_source(
    predictor: Predictor, frames: Source, output: Path, settings: VideoSettings, json: Path | None
) -> SegmentedVideo:
    """As :func:`segment_file`, of a source that is open."""
    painter, clip = settings.painter(predictor.classes), settings.clip()
    # A source that does not tell its number of frames may have any.
    segment = settings.segmenter(predictor.for_many(clip.count(frames) if frames.count else None))
    lossless = settings.layout == "mask" and keeps_indices(output)
    writer = open_writer(output, frames, clip, lossless, keep_size=not settings.legend)
    batch = settings.batch or (4 if predictor.backend.description.endswith("cuda") else 1)
    rows: list[Row] = []
    begin = time.perf_counter()
    try:
        with progress_bar("segmenting", "frames") as bar, counted(bar, output) as progress:
            draw = class_indices if lossless else painter
            done = segment_video(frames, segment, draw, writer, clip, batch, rows, progress)
    finally:
        # The rows until Ctrl-C or an error are worth having.
        if json and rows:
            write_json(json, rows)
    return SegmentedVideo(
        output,
        done,
        time.perf_counter() - begin,
        rows,
        list(segment.meter.flicker) if segment.meter else [],
        segment.predictor.description,
    )


def keeps_indices(output: Path) -> bool:
    """Whether every class index can be read back from that output."""
    return output.suffix.lower() in ("", ".mkv")


@contextmanager
def counted(progress: Callable[[int, int], None], output: Path | None) -> Iterator[Callable[[int, int], None]]:
    """``progress`` which, on Ctrl-C, also says how much was written."""
    frames = 0

    def count(done: int, total: int) -> None:
        nonlocal frames
        frames = done
        progress(done, total)

    try:
        yield count
    except KeyboardInterrupt:
        kept = f" after {frames} frames, which are in {output}" if output and frames else ""
        raise KeyboardInterrupt(f"stopped{kept}") from None
