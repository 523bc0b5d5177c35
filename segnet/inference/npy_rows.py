"""NumPy files written some rows at a time."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray


class NpyRows:
    """Writes an array ``(C, H, W)`` float16 whose rows of all channels come together.

    A memory-mapped file would do the same, but its pages count as memory of the process.

    Args:
        file: open for writing, at its beginning.
        shape: (C, H, W).
    """

    def __init__(self, file: BinaryIO, shape: tuple[int, int, int]) -> None:
        self.file, self.shape, self.written = file, shape, 0
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        self.start = file.tell()

    def add(self, rows: NDArray[np.floating]) -> None:
        """Add the next rows ``(C, h, W)``."""
        _, height, width = self.shape
        for index, channel in enumerate(rows):
            self.file.seek(self.start + 2 * width * (index * height + self.written))
            self.file.write(channel.astype("<f2").tobytes())
        self.written += rows.shape[1]
