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
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from segnet.datasets.image_files import ALLOWED, IMAGE_SUFFIXES, read_image
from segnet.errors import UserError, first_line
from segnet.inference.video.container import frame_rate, open_container, pixel_aspect, whole_frames

IMAGE_RATE = Fraction(10)
"""Images a second where a source has no times of its own."""
UNSPECIFIED = 2
"""FFmpeg's number for a colour space that the file does not say."""
HD = 1280, 720
"""Width and height from which a film is HD."""
LONGEST_GAP = 86_400
"""Seconds between two frames beyond which a time stamp is damaged."""
WORTH_SEEKING = 5
"""Seconds up to which decoding from the beginning is no slower than looking for a key frame."""


class Frame(NamedTuple):
    """An image ``(H, W, 3)`` uint8 RGB, upright, and its time in seconds from the source's beginning."""

    image: NDArray[np.uint8]
    time: Fraction


class Source(Protocol):
    """Where frames come from.

    Attributes:
        rate: frames a second, on average.
        count: frames in all, or 0 where the source does not say.
        path: the file whose audio belongs to the frames, if any.
        pixel_aspect: width ÷ height of a pixel, 1 for square ones.
    """

    rate: Fraction
    count: int
    path: Path | None
    pixel_aspect: Fraction

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        """Frames of one size in order, each call anew; what lies before ``start`` seconds may be left out."""
        ...


def open_source(name: str, rate: Fraction = IMAGE_RATE) -> Source:
    """The source that ``name`` stands for: a folder, a pattern or a video file.

    Args:
        name: what the user wrote.
        rate: images a second, for a folder or a pattern.

    Raises:
        UserError: there is nothing of the kind.
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
    """Any video that FFmpeg decodes; frames are turned upright as the file's rotation says.

    Args:
        path: of the file.
        max_pixels: that a frame may have; larger ones are left out.

    Raises:
        UserError: not a video, or one without an image.
    """

    def __init__(self, path: Path, max_pixels: int = ALLOWED.max_pixels) -> None:
        self.path: Path | None = path
        self.max_pixels = max_pixels
        with open_container(path, max_pixels) as container:
            stream = container.streams.video[0]
            self.rate = frame_rate(stream)
            seconds = Fraction(max(container.duration or 0, 0), av.time_base)
            self.count = max(stream.frames, 0) or round(seconds * self.rate)
            self.pixel_aspect = pixel_aspect(container)

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        decoded = self._decode(start if start > WORTH_SEEKING else None)
        first = next(decoded, None)
        if start > WORTH_SEEKING and (first is None or first.time > start):
            # Some formats cannot be sought in, or only so that it ends behind the place.
            decoded.close()
            decoded = self._decode(None)
            first = next(decoded, None)
        if first is None:
            raise UserError(f"{self.path}: no frame could be decoded; convert it or give another file")
        yield first
        yield from decoded

    def _decode(self, start: Fraction | None) -> Generator[Frame, None, None]:
        assert self.path is not None
        size: tuple[int, int] | None = None
        time = (start or Fraction(0)) - 1 / self.rate
        with open_container(self.path, self.max_pixels) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            base = Fraction(stream.time_base or 1)
            zero = stream.start_time or 0
            if start is not None:
                with contextlib.suppress(av.FFmpegError):
                    container.seek(int(start / base) + zero, stream=stream)
            for frame in whole_frames(container, stream, str(self.path)):
                time = self._time_after(time, None if frame.pts is None else (frame.pts - zero) * base)
                size = size or (frame.width, frame.height)
                # A stream may change its size; the first one is kept, as players do.
                rgb = self._rgb(frame, size)
                yield Frame(np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90)), time)

    def _time_after(self, before: Fraction, stamp: Fraction | None) -> Fraction:
        """A frame's time: what the file says, unless that is nothing or a damaged number."""
        if stamp is None or abs(stamp - before) > LONGEST_GAP:
            return before + 1 / self.rate
        return stamp

    def _rgb(self, frame: av.VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
        try:
            rgb = frame.reformat(*size, format="rgb24", src_colorspace=colorspace_of(frame))
            return np.asarray(rgb.to_ndarray(), np.uint8)
        except (av.FFmpegError, ValueError) as error:
            raise UserError(
                f"{self.path}: frames of type {frame.format.name} cannot be made RGB ({first_line(error)}); convert it"
            ) from None


def colorspace_of(frame: av.VideoFrame) -> Colorspace | None:
    """BT.709 for HD that does not say its colour space, as players take it; None: what the file says, or BT.601."""
    is_hd = frame.width >= HD[0] or frame.height >= HD[1]
    return Colorspace.ITU709 if is_hd and frame.colorspace == UNSPECIFIED else None


class Images:
    """Images of one size, in the order of their names, in which 10 comes after 9.

    Args:
        paths: the files.
        name: what they were asked for by, for messages.
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
    """Sorts numbers in names by their value."""
    parts: list[str] = re.findall(r"\d+|\D+", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
