"""How frames are turned and mirrored before they are shown, as phones write it into their files."""

import struct
from typing import NamedTuple, cast

import av
import numpy as np
from av.buffer import Buffer
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class Orientation(NamedTuple):
    """One of the eight ways in which an image can lie. Rows and columns are exchanged first, then reversed.

    Attributes:
        is_transposed: rows become columns.
        reverses_rows: the first row becomes the last.
        reverses_columns: the first column becomes the last.
    """

    is_transposed: bool = False
    reverses_rows: bool = False
    reverses_columns: bool = False

    def upright(self, image: Pixels) -> Pixels:
        """The frame ``(H, W, 3)`` as it is shown, ``(H', W', 3)``."""
        shown = image.transpose(1, 0, 2) if self.is_transposed else image
        shown = shown[::-1] if self.reverses_rows else shown
        return np.ascontiguousarray(shown[:, ::-1] if self.reverses_columns else shown)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """What the frame's display matrix says; where it turns by other angles, the nearest quarter turn."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV names no side data of a frame if there is a kind among them that it does not know.
        return from_degrees(frame.rotation)
    if matrix is None:
        return Orientation()
    # Row-major 3×3 in fixed point (ISO/IEC 14496-12, section 6.2.2; libavutil/display.h).
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(cast(Buffer, matrix)))
    return from_matrix(a, b, c, d)


def from_matrix(a: int, b: int, c: int, d: int) -> Orientation:
    """The orientation nearest to a matrix that shows column p and row q at column a p + c q and row b p + d q."""
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, reverses_rows=b < 0, reverses_columns=c < 0)
    return Orientation(False, reverses_rows=d < 0, reverses_columns=a < 0)


def from_degrees(counterclockwise: int) -> Orientation:
    """A turn without mirroring, to the nearest quarter."""
    turns = (
        Orientation(),
        Orientation(True, reverses_rows=True),
        Orientation(False, reverses_rows=True, reverses_columns=True),
        Orientation(True, reverses_columns=True),
    )
    return turns[round(counterclockwise / 90) % 4]
