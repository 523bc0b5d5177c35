"""Frames of a video file, a folder of pictures or a pattern, with the time at which each is shown."""

import glob
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import av
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.samples import read_image
from segnet.errors import UserError

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
PICTURE_RATE = Fraction(10)
"""Pictures a second where a source has no times of its own."""


class Frame(NamedTuple):
    """A picture ``(H, W, 3)`` uint8 RGB, upright, and its time in seconds from the source's beginning."""

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

    def __iter__(self) -> Iterator[Frame]:
        """Frames from the first on; each call reads anew."""
        ...


def open_source(name: str) -> Source:
    """The source that ``name`` stands for: a folder, a pattern or a video file.

    Raises:
        UserError: there is nothing of the kind.
    """
    path = Path(name)
    if path.is_dir():
        return Pictures(sorted(entry for entry in path.iterdir() if entry.suffix.lower() in PICTURES), name)
    if path.is_file():
        return VideoFile(path)
    if glob.has_magic(name):
        return Pictures([Path(match) for match in sorted(glob.glob(name))], name)  # noqa: PTH207 - absolute patterns
    raise UserError(f"{name}: no such video; give a file, a folder of pictures or a pattern such as 'frames/*.png'")


class VideoFile:
    """Any video that FFmpeg decodes; frames are turned upright as the file's rotation says.

    Args:
        path: of the file.

    Raises:
        UserError: not a video, or one without a picture.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path | None = path
        with open_container(path) as container:
            stream = container.streams.video[0]
            self.rate = Fraction(stream.average_rate or stream.base_rate or 25)
            seconds = Fraction(container.duration or 0, av.time_base)
            self.count = stream.frames or round(seconds * self.rate)
            self.pixel_aspect = Fraction(stream.sample_aspect_ratio or 1)
            if self.pixel_aspect != 1 and on_its_side(container):
                self.pixel_aspect = 1 / self.pixel_aspect

    def __iter__(self) -> Iterator[Frame]:
        assert self.path is not None
        number = 0
        with open_container(self.path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            start = stream.start_time or 0
            try:
                for frame in container.decode(stream):
                    ticks = None if frame.pts is None else frame.pts - start
                    time = number / self.rate if ticks is None else ticks * Fraction(stream.time_base or 1)
                    image = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
                    yield Frame(np.ascontiguousarray(image), time)
                    number += 1
            except av.FFmpegError as error:
                print(f"{self.path}: broken after {number} frames ({error.strerror}); these are kept", file=sys.stderr)
        if not number:
            raise UserError(f"{self.path}: no frame could be decoded; convert it or give another file")


class Pictures:
    """Pictures of one size in the order of their names.

    Args:
        paths: the files.
        name: what they were asked for by, for messages.
    """

    def __init__(self, paths: list[Path], name: str) -> None:
        if not paths:
            raise UserError(f"{name}: no picture there; pictures are {', '.join(sorted(PICTURES))}")
        self.paths = paths
        self.path: Path | None = None
        self.rate, self.count, self.pixel_aspect = PICTURE_RATE, len(paths), Fraction(1)

    def __iter__(self) -> Iterator[Frame]:
        first = None
        for number, path in enumerate(self.paths):
            image = read_image(path)
            first = first or (path, image.shape)
            if image.shape != first[1]:
                raise UserError(
                    f"{path}: {image.shape[1]}×{image.shape[0]} pixels, but {first[0].name} has "
                    f"{first[1][1]}×{first[1][0]}; a video has one size: give pictures of one size"
                )
            yield Frame(image, number / self.rate)


def on_its_side(container: av.container.InputContainer) -> bool:
    """Whether frames are stored a quarter turn off."""
    try:
        return next(container.decode(video=0)).rotation % 180 != 0
    except (av.FFmpegError, StopIteration):
        return False


def open_container(path: Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise UserError(f"{path}: cannot be read as a video ({error.strerror}); give another file") from None
    if not container.streams.video:
        container.close()
        raise UserError(f"{path}: has no video stream; give another file")
    return container
