"""Frames of a video file, a folder of images or a pattern, with the time of each."""

import contextlib
import glob
import re
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import av
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import ALLOWED, IMAGE_SUFFIXES, read_image
from segnet.errors import UserError
from segnet.inference.video.container import frame_rate, open_container, pixel_aspect, whole_frames
from segnet.inference.video.rgb import ToRgb

IMAGE_RATE = Fraction(10)
"""Images a second of a source without times."""
LONGEST_GAP = 86_400
"""With a longer gap in seconds between two frames, a time stamp counts as damaged."""
WORTH_SEEKING = 5
"""Up to so many seconds, decoding from the beginning is no slower than seeking a key frame."""


class Frame(NamedTuple):
    """A frame of a source.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB, upright.
        time: in seconds from the start of the source.
        duration: in seconds; 0 if the source does not tell.
    """

    image: NDArray[np.uint8]
    time: Fraction
    duration: Fraction = Fraction(0)


class Source(Protocol):
    """A source of frames.

    Attributes:
        rate: frames a second, on average.
        count: number of frames; 0 if the source does not tell.
        path: the file whose audio belongs to the frames, if any.
        pixel_aspect: width ÷ height of a pixel, 1 for square ones.
    """

    rate: Fraction
    count: int
    path: Path | None
    pixel_aspect: Fraction

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """Frames of one size in order, from the start at each call. Those before ``start`` seconds may be left out."""
        ...


def open_source(name: str, rate: Fraction = IMAGE_RATE) -> Source:
    """Open the source ``name``: a folder, a pattern or a video file.

    Args:
        name: as the user wrote it.
        rate: images a second, for a folder or a pattern.

    Raises:
        UserError: there is no such source.
    """
    path = Path(name)
    if path.is_dir():
        return Images([entry for entry in path.iterdir() if entry.suffix.lower() in IMAGE_SUFFIXES], name, rate)
    if path.is_file():
        return VideoFile(path)
    if glob.has_magic(name):
        return Images([Path(match) for match in glob.glob(name)], name, rate)  # noqa: PTH207 - absolute patterns
    raise UserError(
        f"{name}: no such video; give a file, a folder of images, a pattern such as 'frames/*.png', the number of a "
        "camera or an address such as rtsp://HOST/PATH"
    )


class VideoFile:
    """Any video that FFmpeg decodes. Frames are turned and mirrored as the file says, and HDR becomes SDR.

    Args:
        path: the file.
        max_pixels: most pixels of a frame; larger ones are left out.
        name: of the file in messages; None: its path.

    Raises:
        UserError: it is no video, or has no image.
    """

    def __init__(self, path: Path, max_pixels: int = ALLOWED.max_pixels, name: str | None = None) -> None:
        self.path: Path | None = path
        self.name = name or str(path)
        self.max_pixels = max_pixels
        with open_container(path, max_pixels, self.name) as container:
            stream = container.streams.video[0]
            self.rate = frame_rate(stream)
            seconds = Fraction(max(container.duration or 0, 0), av.time_base)
            self.count = max(stream.frames, 0) or round(seconds * self.rate)
            self.pixel_aspect = pixel_aspect(container)

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        decoded = self._decode(start if start > WORTH_SEEKING else None)
        first = next(decoded, None)
        if start > WORTH_SEEKING and (first is None or first.time > start):
            # Some formats cannot seek, or end behind the requested time.
            decoded.close()
            decoded = self._decode(None)
            first = next(decoded, None)
        if first is None:
            raise UserError(f"{self.name}: no frame could be decoded; convert it or give another file")
        yield first
        yield from decoded

    def _decode(self, start: Fraction | None) -> Generator[Frame, None, None]:
        assert self.path is not None
        to_rgb = ToRgb(self.name)
        time = (start or Fraction(0)) - 1 / self.rate
        with open_container(self.path, self.max_pixels, self.name) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            base = Fraction(stream.time_base or 1)
            zero = stream.start_time or 0
            if start is not None:
                with contextlib.suppress(av.FFmpegError):
                    container.seek(int(start / base) + zero, stream=stream)
            for frame in whole_frames(container, stream, self.name):
                time = self._time_after(time, None if frame.pts is None else (frame.pts - zero) * base)
                duration = min(max(frame.duration or 0, 0) * base, Fraction(LONGEST_GAP))
                yield Frame(to_rgb(frame), time, duration)

    def _time_after(self, before: Fraction, stamp: Fraction | None) -> Fraction:
        """The time of a frame: the file's, unless that is missing or damaged."""
        if stamp is None or abs(stamp - before) > LONGEST_GAP:
            return before + 1 / self.rate
        return stamp


class Images:
    """Images of one size, in the order of their names, with 10 after 9.

    Args:
        paths: the files.
        name: the user's name for them, for messages.
        rate: images a second.
    """

    def __init__(self, paths: list[Path], name: str, rate: Fraction = IMAGE_RATE) -> None:
        if not paths:
            raise UserError(f"{name}: no image there; images are {', '.join(sorted(IMAGE_SUFFIXES))}")
        self.paths = sorted(paths, key=natural)
        self.path: Path | None = None
        self.rate, self.count, self.pixel_aspect = rate, len(paths), Fraction(1)

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        first = None
        for index, path in enumerate(self.paths):
            if index / self.rate < start:
                continue
            image = read_image(path)
            first = first or (path, image.shape)
            if image.shape != first[1]:
                raise UserError(
                    f"{path}: {image.shape[1]}×{image.shape[0]} pixels, but {first[0].name} has "
                    f"{first[1][1]}×{first[1][0]}; a video has one size: give images of one size"
                )
            yield Frame(image, index / self.rate)


def natural(path: Path) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by value."""
    parts: list[str] = re.findall(r"\d+|\D+", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
