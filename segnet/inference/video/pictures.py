"""Frames as a folder of PNG files."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segnet.files import write_atomically


class PictureWriter:
    """Writes ``000000.png``, ``000001.png``, … to a folder, each file whole at any moment.

    Args:
        folder: is made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.frames = folder, 0

    def __enter__(self) -> "PictureWriter":
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""

    def write(self, picture: NDArray[np.uint8], time: Fraction) -> None:
        """Add ``(H, W, 3)`` RGB or ``(H, W)`` class indices; files know no ``time``."""
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "png", compress_level=3)
        write_atomically(self.folder / f"{self.frames:06d}.png", buffer.getvalue())
        self.frames += 1
