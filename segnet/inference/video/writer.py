"""Write a video for browsers and phones: H.264 in MP4 or VP9 in WebM, with the source's times and audio."""

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.files import sweep, sync_file, sync_folder, temporary_beside
from segnet.inference.video.audio import AudioTrack
from segnet.inference.video.faststart import IN_PIECES, cut_to_whole_pieces, frames_in, write_whole

TICKS = 90_000
"""Units of time a second, MPEG's own clock. It is fine enough for any frame rate, even a variable one."""


class Encoding(NamedTuple):
    """The encoding of images: FFmpeg's names and options."""

    codec: str
    pixels: str
    options: dict[str, str]
    container: dict[str, str]


# The encoder shares the processor with the network. "ultrafast" takes a third of the time of "veryfast", for 1.7 times
# the bytes at a slightly higher PSNR, and every phone decodes it.
H264 = Encoding("libx264", "yuv420p", {"crf": "22", "preset": "ultrafast"}, {})
VP9 = Encoding(
    "libvpx-vp9", "yuv420p", {"crf": "32", "b": "0", "deadline": "realtime", "cpu-used": "8", "row-mt": "1"}, {}
)
ENCODINGS = {
    ".mp4": H264._replace(container=IN_PIECES),
    ".mov": H264._replace(container=IN_PIECES),
    ".mkv": H264,
    ".webm": VP9,
}
LOSSLESS = Encoding("ffv1", "gray", {"level": "3", "slicecrc": "1"}, {})
"""Encoding of class indices, in Matroska."""


class NotWrittenError(UserError):
    """A video has no room, most often because the disk is full. The frames before that are kept."""


class VideoWriter:
    """Writes frames to a file beside ``path``, and renames it when it is complete.

    Args:
        path: the video; its suffix chooses the format.
        rate: frames a second, on average.
        audio_from: file whose audio is copied.
        audio_start: second of that file at which the video begins.
        pixel_aspect: width ÷ height of a pixel, by which players stretch the image.
        lossless: frames are class indices ``(H, W)``, which are kept exactly; for ``.mkv``.
        keep_size: write H.264 with an odd number of rows or columns in 4:4:4, which phones may not play, instead of
            repeating the last one.

    Attributes:
        until: second at which the last frame ends; None: after the average time of a frame.

    Raises:
        UserError: the suffix has no format, or this FFmpeg lacks the encoder.
    """

    def __init__(
        self,
        path: Path,
        rate: Fraction,
        audio_from: Path | None = None,
        audio_start: Fraction = Fraction(0),
        pixel_aspect: Fraction = Fraction(1),
        lossless: bool = False,
        keep_size: bool = False,
    ) -> None:
        suffix = path.suffix.lower()
        if suffix not in ENCODINGS:
            raise UserError(f"{path}: no format for {path.suffix!r}; choose one of {', '.join(ENCODINGS)}")
        self.encoding = LOSSLESS if lossless else ENCODINGS[suffix]
        if self.encoding.codec not in av.codecs_available:
            raise UserError(
                f"{path}: this FFmpeg has no {self.encoding.codec}; choose another of {', '.join(ENCODINGS)}"
            )
        self.path, self.rate, self.pixel_aspect, self.keep_size = path, rate, pixel_aspect, keep_size
        self.audio_from, self.audio_start = audio_from, audio_start
        self.held = contextlib.ExitStack()
        self.frames, self.pts = 0, -1
        self.until: Fraction | None = None
        # FFmpeg's tables for the conversion take as long as the conversion of a frame, so its converter is kept.
        self.converter = VideoReformatter()
        self.newest: av.Packet[av.VideoStream] | None = None
        self.container: av.container.OutputContainer | None = None
        self.stream: av.VideoStream
        self.audio: AudioTrack | None = None

    def __enter__(self) -> "VideoWriter":
        return self

    def _open(self, height: int, width: int, grey: bool) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        sweep(self.path.parent)
        self.temporary = self.held.enter_context(temporary_beside(self.path))
        container = av.open(str(self.temporary), "w", options=self.encoding.container)
        rate = self.rate.limit_denominator(1001)
        stream = container.add_stream(self.encoding.codec, rate=rate, options=self.encoding.options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = self._pixel_format(height, width)
        stream.codec_context.sample_aspect_ratio = self.pixel_aspect
        if not grey:
            # If a file lacks these tags, players guess them from the frame's size. Chromium needs all of them or none.
            context = stream.codec_context
            context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
            context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.codec_context.thread_count = 0
        # There is a key frame every two seconds, for players that seek.
        stream.gop_size = max(1, min(250, round(2 * rate)))
        self.container, self.stream = container, stream
        if self.audio_from:
            self.audio = AudioTrack(container, self.audio_from, self.audio_start)

    def write(self, image: NDArray[np.uint8], time: Fraction) -> None:
        """Add a frame.

        Args:
            image: ``(H, W, 3)`` uint8 RGB, or ``(H, W)`` uint8 class indices; all have one size.
            time: in seconds, later than the frame before.

        Raises:
            NotWrittenError: there is no room on the disk; the frames so far play.
        """
        grey = image.ndim == 2
        pixels = np.ascontiguousarray(image if grey else self._fitted(image))
        try:
            if self.container is None:
                self._open(pixels.shape[0], pixels.shape[1], grey)
                self.begin = time
            self._encode(self._as_frame(pixels), time - self.begin)
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from None
        self.frames += 1
        self.end = time

    def _fitted(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """An image of a size that the encoder takes."""
        image = self._stretched(image)
        return image if self.keep_size or self.encoding.codec != H264.codec else to_even(image)

    def _pixel_format(self, height: int, width: int) -> str:
        """FFmpeg's name. With 4:2:0 H.264 has even sizes alone; VP9 has all."""
        is_odd = height % 2 or width % 2
        return "yuv444p" if self.encoding.codec == H264.codec and is_odd else self.encoding.pixels

    def _stretched(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Make pixels square for VP9, which cannot store their aspect; the container's field cannot be set."""
        if self.encoding is not VP9 or self.pixel_aspect == 1:
            return image
        size = max(1, round(image.shape[1] * self.pixel_aspect)), image.shape[0]
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _as_frame(self, pixels: NDArray[np.uint8]) -> av.VideoFrame:
        """``(H, W)`` as it is, ``(H, W, 3)`` RGB in BT.709, where FFmpeg would take BT.601 by default."""
        if pixels.ndim == 2:
            return av.VideoFrame.from_ndarray(pixels, format="gray")
        return self.converter.reformat(
            av.VideoFrame.from_ndarray(pixels, format="rgb24"),
            format=self._pixel_format(*pixels.shape[:2]),
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )

    def _encode(self, frame: av.VideoFrame, time: Fraction) -> None:
        assert self.container is not None
        # A broken source may give two frames the same time, which no encoder accepts.
        self.pts = max(self.pts + 1, round(time * TICKS))
        frame.pts, frame.time_base = self.pts, Fraction(1, TICKS)
        if self.audio:
            self.audio.write_until(time)
        self._mux(self.stream.encode(frame))

    def _mux(self, packets: "list[av.Packet[av.VideoStream]]") -> None:
        """Write packets but the newest, which may be the last: its duration is known at the end."""
        assert self.container is not None
        for packet in packets:
            if self.newest:
                self.container.mux(self.newest)
            self.newest = packet

    def _failure(self, error: Exception) -> NotWrittenError:
        reason = getattr(error, "strerror", None) or str(error)
        return NotWrittenError(
            f"{self.path}: cannot be written at frame {self.frames} ({reason}); the frames before it are kept"
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file. The frames so far play, even after an error or Ctrl-C."""
        if self.container is None:
            self.held.close()
            return
        failure = self._close(self.container)
        try:
            if self.encoding.container is IN_PIECES:
                cut_to_whole_pieces(self.temporary)
            kept = frames_in(self.temporary)
            if kept < self.frames and not failure:
                failure = NotWrittenError(
                    f"{self.path}: there was room for {kept} of {self.frames} frames; these are kept"
                )
            if kept:
                self._put_in_place()
        finally:
            self.held.close()
        if failure and kind is None:
            raise failure

    def _close(self, container: av.container.OutputContainer) -> NotWrittenError | None:
        """Write the rest from the encoders; gives an error if that fails."""
        failure = None
        try:
            if self.frames:
                until = max(self.until or self.end + 1 / self.rate, self.end)
                if self.audio:
                    self.audio.write_until(until - self.begin)
                self._mux(self.stream.encode(None))
                if self.newest:
                    self.newest.duration = round((until - self.end) / Fraction(self.newest.time_base))
                    container.mux(self.newest)
        except (av.FFmpegError, OSError) as error:
            failure = self._failure(error)
        try:
            container.close()
        except (av.FFmpegError, OSError) as error:
            failure = failure or self._failure(error)
        return failure

    def _put_in_place(self) -> None:
        if self.encoding.container is not IN_PIECES:
            self._rename(self.temporary)
            return
        whole = self.held.enter_context(temporary_beside(self.path))
        try:
            write_whole(self.temporary, whole)
            self._rename(whole)
        except BaseException as error:
            # There is no room for a second copy, or Ctrl-C came again. The pieces play as well, but seek more slowly.
            self._rename(self.temporary)
            if not isinstance(error, av.FFmpegError | OSError):
                raise

    def _rename(self, file: Path) -> None:
        sync_file(file)
        file.replace(self.path)
        sync_folder(self.path.parent)


def to_even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last row or column if their number is odd, since 4:2:0 halves both sides of the colour planes."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
    return image
