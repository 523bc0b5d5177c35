"""PNG files written some rows at a time (W3C PNG, third edition). Pillow and OpenCV only write whole images."""

import struct
import zlib
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from segnet.datasets.image_files import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3
"""Colour type of palette images."""


class PngRows:
    """Writes an index mask with a palette.

    Args:
        file: open for writing.
        size: (H, W) of the mask.
        palette: (256, 3) uint8, the colours of the indices in other programs.

    Raises:
        ValueError: at the end, the number of rows differs from the header's.
    """

    def __init__(self, file: BinaryIO, size: tuple[int, int], palette: Pixels) -> None:
        self.file, self.size, self.written = file, size, 0
        self.packer = zlib.compressobj(6)
        height, width = size
        file.write(SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, INDEXED, 0, 0, 0))
        self._chunk(b"PLTE", palette.tobytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            return
        if self.written != self.size[0]:
            raise ValueError(f"{self.written} rows were written of {self.size[0]}")
        self._chunk(b"IDAT", self.packer.flush())
        self._chunk(b"IEND", b"")

    def add(self, rows: Pixels) -> None:
        """Add the next rows ``(h, W)`` of class indices."""
        # Each row begins with its filter: none, which packs indices best.
        if packed := self.packer.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes()):
            self._chunk(b"IDAT", packed)
        self.written += len(rows)

    def _chunk(self, kind: bytes, content: bytes) -> None:
        self.file.write(struct.pack(">I", len(content)) + kind + content)
        self.file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(kind))))
