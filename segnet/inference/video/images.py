"""Frames as a folder of PNG files."""

import contextlib
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import as_png
from segnet.errors import UserError
from segnet.files import sweep, sync_folder, temporary_beside


class ImageWriter:
    """Writes ``000000.png``, ``000001.png``, … to a folder that gets its name when all are written.

    Args:
        folder: it is created; after an error or Ctrl-C the images so far are kept.

    Attributes:
        until: no image has a time, so this changes nothing.

    Raises:
        UserError: the folder is not empty.
    """

    until: Fraction | None = None

    def __init__(self, folder: Path) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder}: is there already; name a new folder, or an empty one")
        self.folder, self.frames = folder, 0
        self.held = contextlib.ExitStack()

    def __enter__(self) -> "ImageWriter":
        sweep(self.folder.parent)
        self.temporary = self.held.enter_context(temporary_beside(self.folder, folder=True))
        return self

    def __exit__(self, *_: object) -> None:
        with self.held:
            if self.frames:
                self.temporary.replace(self.folder)
                sync_folder(self.folder.parent)

    def write(self, image: NDArray[np.uint8], time: Fraction) -> None:  # noqa: ARG002
        """Add ``(H, W, 3)`` RGB or ``(H, W)`` class indices; ``time`` is not written.

        Raises:
            UserError: there is no room on the disk; the images so far are kept.
        """
        file = self.temporary / f"{self.frames:06d}.png"
        try:
            file.write_bytes(as_png(image, compress_level=3))
        except OSError as error:
            file.unlink(missing_ok=True)
            raise UserError(f"{self.folder}: no room for image {self.frames} ({error.strerror})") from None
        self.frames += 1
