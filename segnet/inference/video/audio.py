"""The sound of a file, copied if the new format supports it, otherwise encoded again."""

import contextlib
import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av

from segnet.inference.video.container import open_container

AudioPacket: TypeAlias = "av.Packet[av.AudioStream]"

COPIED = {
    ".mp4": {"aac", "mp3", "ac3", "alac"},
    ".mov": {"aac", "mp3", "ac3", "alac"},
    ".webm": {"opus", "vorbis"},
}
"""The codecs that each format takes unchanged. A format without an entry takes all."""
ENCODERS = {".mp4": "aac", ".mov": "aac", ".webm": "libopus"}
RATE = 48_000
"""Samples a second of re-encoded sound. All players know this rate of Opus."""


class AudioTrack:
    """The first audio stream of ``path`` as a stream of ``output``.

    Args:
        output: container to which all other streams were added, and nothing was written.
        path: the file.
        begin: second of the file's images at which the output begins.
    """

    def __init__(self, output: av.container.OutputContainer, path: Path, begin: Fraction) -> None:
        self.output = output
        self.packets = self._packets(path, begin)
        self.waiting = next(self.packets, None)

    def write_until(self, seconds: Fraction) -> None:
        """Write the sound until ``seconds`` of the output."""
        while self.waiting is not None and (self.waiting.pts or 0) * self.waiting.time_base <= seconds:
            self.output.mux(self.waiting)
            self.waiting = next(self.packets, None)

    def _packets(self, path: Path, begin: Fraction) -> Iterator[AudioPacket]:
        with open_container(path) as source:
            if not source.streams.audio:
                return
            stream, images = source.streams.audio[0], source.streams.video[0]
            # Sound and images may begin at different times. This keeps them together.
            zero = begin + (images.start_time or 0) * Fraction(images.time_base or 1)
            suffix = Path(self.output.name).suffix.lower()
            copied = COPIED.get(suffix)
            if copied is None or stream.codec_context.name in copied:
                packets = self._copy(source, stream, zero)
            else:
                packets = self._encode(source, stream, zero, ENCODERS[suffix])
            try:
                yield from packets
            except av.FFmpegError:
                # The reader of the images has already named a file that breaks off.
                return

    def _copy(
        self, source: av.container.InputContainer, stream: av.AudioStream, zero: Fraction
    ) -> Iterator[AudioPacket]:
        copy = self.output.add_stream_from_template(stream)
        offset = round(zero / Fraction(stream.time_base or 1))
        for packet in source.demux(stream):
            if packet.dts is None or packet.pts is None or packet.pts < offset:
                continue
            packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
            packet.stream = copy
            yield packet

    def _encode(
        self, source: av.container.InputContainer, stream: av.AudioStream, zero: Fraction, encoder: str
    ) -> Iterator[AudioPacket]:
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        new = self.output.add_stream(encoder, rate=RATE, layout=layout)
        assert isinstance(new, av.AudioStream)
        new.codec_context.open()
        resampler = av.AudioResampler(
            new.codec_context.format.name, layout, RATE, frame_size=new.codec_context.frame_size or None
        )
        offset = None
        for frame in itertools.chain(whole_frames(source, stream), [None]):
            if frame is not None:
                start = (frame.pts or 0) * Fraction(frame.time_base or 1) - zero
                if start < 0:
                    continue
                offset = round(start * RATE) if offset is None else offset
            for piece in resampler.resample(frame):
                piece.pts, piece.time_base = offset, Fraction(1, RATE)
                offset = (offset or 0) + piece.samples
                yield from new.encode(piece)
        yield from new.encode(None)


def whole_frames(source: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    """The frames that can be decoded from a file that may break off."""
    with contextlib.suppress(av.FFmpegError):
        for packet in source.demux(stream):
            with contextlib.suppress(av.FFmpegError):
                yield from packet.decode()
