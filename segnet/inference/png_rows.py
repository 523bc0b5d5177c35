"""PNG files written some rows at a time (W3C PNG, third edition). Pillow and OpenCV only write whole images."""

import struct
import zlib
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, INDEXED = 0, 3
"""Colour types."""


class PngRows:
    """Writes an image of one channel: an index mask with a palette, or grey values.

    Args:
        file: open for writing.
        size: (H, W) of the image.
        palette: (256, 3) uint8, the colours of the indices in other programs; None: grey.
        bits: of each pixel, 8 or 16.

    Raises:
        ValueError: at the end, the number of rows differs from the header's.
    """

    def __init__(self, file: BinaryIO, size: tuple[int, int], palette: Pixels | None = None, bits: int = 8) -> None:
        self.file, self.size, self.written = file, size, 0
        self.packer = zlib.compressobj(6)
        # PNG stores the high byte first.
        self.dtype = np.dtype(np.uint8) if bits == 8 else np.dtype(">u2")
        height, width = size
        file.write(SIGNATURE)
        kind = GREY if palette is None else INDEXED
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
        if palette is not None:
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

    def add(self, rows: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
        """Add the next rows ``(h, W)``."""
        content = (
            rows.astype(self.dtype, copy=False).view(np.uint8).reshape(len(rows), self.size[1] * self.dtype.itemsize)
        )
        # Each row begins with its filter: none, which packs indices best.
        if packed := self.packer.compress(np.pad(content, ((0, 0), (1, 0))).tobytes()):
            self._chunk(b"IDAT", packed)
        self.written += len(rows)

    def _chunk(self, kind: bytes, content: bytes) -> None:
        self.file.write(struct.pack(">I", len(content)) + kind + content)
        self.file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(kind))))
