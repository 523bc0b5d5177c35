"""A video file that browsers and phones play: H.264 in MP4, or VP9 in WebM, with the source's times and audio."""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from segnet.errors import UserError

AudioPacket: TypeAlias = "av.Packet[av.AudioStream]"

TICKS = 90_000
"""Times are kept to this part of a second, MPEG's own clock: fine enough for any frame rate, also a variable one."""

ENCODERS = {
    ".mp4": ("libx264", {"crf": "20", "preset": "veryfast"}, {"movflags": "+faststart"}),
    ".mov": ("libx264", {"crf": "20", "preset": "veryfast"}, {"movflags": "+faststart"}),
    ".mkv": ("libx264", {"crf": "20", "preset": "veryfast"}, {}),
    ".webm": ("libvpx-vp9", {"crf": "32", "b": "0", "deadline": "realtime", "cpu-used": "8", "row-mt": "1"}, {}),
}
AUDIO = {
    ".mp4": {"aac", "mp3", "ac3", "alac"},
    ".mov": {"aac", "mp3", "ac3", "alac"},
    ".webm": {"opus", "vorbis"},
}


class VideoWriter:
    """Writes frames beside ``path`` and renames the file once it is whole.

    Args:
        path: of the video; its suffix chooses the format.
        rate: frames a second, on average.
        audio_from: file whose audio is copied, if its format fits.
        audio_start: second of that file at which the video begins.
        pixel_aspect: width ÷ height of a pixel, which players stretch the picture by.

    Raises:
        UserError: a suffix without a format, or an encoder that this FFmpeg lacks.
    """

    def __init__(
        self,
        path: Path,
        rate: Fraction,
        audio_from: Path | None = None,
        audio_start: float = 0,
        pixel_aspect: Fraction = Fraction(1),
    ) -> None:
        if path.suffix.lower() not in ENCODERS:
            raise UserError(f"{path}: no format for {path.suffix!r}; choose one of {', '.join(ENCODERS)}")
        self.path, self.rate, self.pixel_aspect = path, rate, pixel_aspect
        self.codec, self.options, self.container_options = ENCODERS[path.suffix.lower()]
        if self.codec not in av.codecs_available:
            raise UserError(f"{path}: this FFmpeg has no {self.codec}; choose another of {', '.join(ENCODERS)}")
        self.audio_from, self.audio_start = audio_from, audio_start
        self.temporary = path.with_name(f".{path.stem}.part{path.suffix}")
        self.frames, self.pts = 0, -1
        self.container: av.container.OutputContainer | None = None
        self.stream: av.VideoStream
        self.audio: Iterator[AudioPacket] = iter(())
        self.waiting: AudioPacket | None = None

    def __enter__(self) -> "VideoWriter":
        return self

    def _open(self, height: int, width: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        container = av.open(str(self.temporary), "w", options=self.container_options)
        stream = container.add_stream(self.codec, rate=self.rate.limit_denominator(1001), options=self.options)
        assert isinstance(stream, av.VideoStream)
        # 4:2:0 halves both sides of the colour planes, so both sides are even.
        stream.width, stream.height = width - width % 2, height - height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = self.pixel_aspect
        # FFmpeg turns RGB into BT.601; a player that is not told takes large pictures for BT.709.
        stream.codec_context.colorspace = Colorspace.ITU601
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.codec_context.thread_count = 0
        self.container, self.stream = container, stream
        if self.audio_from:
            self.audio = self._audio_packets(container, self.audio_from)
            self.waiting = next(self.audio, None)

    def write(self, image: NDArray[np.uint8], time: Fraction) -> None:
        """Add ``(H, W, 3)`` uint8 RGB at ``time`` seconds; times rise, sizes stay the same."""
        if self.container is None:
            self._open(*image.shape[:2])
            self.begin = time
        assert self.container is not None
        height, width = self.stream.height, self.stream.width
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
        # A broken source may give two frames the same time, which no encoder takes.
        self.pts = max(self.pts + 1, round((time - self.begin) * TICKS))
        frame.pts, frame.time_base = self.pts, Fraction(1, TICKS)
        self._mux_audio_until(float(time - self.begin))
        self.container.mux(self.stream.encode(frame))
        self.frames += 1
        self.end = time

    def _audio_packets(self, container: av.container.OutputContainer, path: Path) -> Iterator[AudioPacket]:
        source = av.open(str(path))
        if not source.streams.audio:
            return
        stream = source.streams.audio[0]
        allowed = AUDIO.get(self.path.suffix.lower())
        if allowed and stream.codec_context.name not in allowed:
            print(f"{path}: audio in {stream.codec_context.name} does not go into {self.path.suffix}", file=sys.stderr)
            return
        copy = container.add_stream_from_template(stream)
        yield from self._shifted(source, stream, copy)

    def _shifted(
        self, source: av.container.InputContainer, stream: av.AudioStream, copy: av.AudioStream
    ) -> Iterator[AudioPacket]:
        base = stream.time_base or Fraction(1, TICKS)
        start = (stream.start_time or 0) + round(self.audio_start / base)
        try:
            for packet in source.demux(stream):
                if packet.dts is None or packet.pts is None or packet.pts < start:
                    continue
                packet.pts, packet.dts = packet.pts - start, packet.dts - start
                packet.stream = copy
                yield packet
        except av.FFmpegError:
            # A file that breaks off has been named by the reader of its pictures already.
            return
        finally:
            source.close()

    def _mux_audio_until(self, seconds: float) -> None:
        assert self.container is not None
        while self.waiting is not None and (self.waiting.pts or 0) * self.waiting.time_base <= seconds:
            self.container.mux(self.waiting)
            self.waiting = next(self.audio, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; what was written plays, also after an error or Ctrl-C."""
        if self.container is None:
            return
        try:
            self._mux_audio_until(float(self.end - self.begin) + 1 / float(self.rate))
            self.container.mux(self.stream.encode(None))
        finally:
            self.container.close()
            self.temporary.replace(self.path)
