"""MP4 files in fragments, which play wherever they stop, and the final file with its index in front."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av

IN_PIECES = {"movflags": "delay_moov+default_base_moof", "frag_duration": "200000", "flush_packets": "1"}
"""Muxer options: each fifth of a second becomes a piece with its own index, and is on the disk at once. A full disk or
a killed program costs only the last piece."""


def write_whole(pieces: Path, path: Path) -> None:
    """Copy a file in pieces to ``path`` with one index in front of all frames ("fast start"), without re-encoding.

    Raises:
        av.FFmpegError, OSError: there is no room, and ``path`` is unusable.
    """
    with av.open(str(pieces)) as source, av.open(str(path), "w", options={"movflags": "+faststart"}) as whole:
        streams = {stream.index: whole.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                whole.mux(packet)


def frames_in(path: Path) -> int:
    """Frames that can be read back. On a full disk, writing the very end may fail without an error."""
    try:
        with av.open(str(path)) as container:
            return sum(packet.size > 0 for packet in container.demux(video=0))
    except av.FFmpegError:
        return 0


def cut_to_whole_pieces(path: Path) -> None:
    """Cut off an incomplete last piece."""
    with path.open("r+b") as file:
        file.truncate(max((end for kind, end in boxes(file) if kind == b"mdat"), default=0))


def boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each complete box (ISO 14496-12, section 4.2)."""
    length, start = os.fstat(file.fileno()).st_size, 0
    while start + 8 <= length:
        file.seek(start)
        header = file.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:], "big")
        if size < 8 or start + size > length:
            return
        start += size
        yield header[4:8], start
