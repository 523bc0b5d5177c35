"""TIFF stacks, as microscopes write them: every page is an image."""

import io
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter


class TiffStack:
    """Writes pages one after the other with lossless compression. Only compressed pages stay in memory."""

    def __init__(self) -> None:
        self.buffer = io.BytesIO()
        self.writer = AppendingTiffWriter(self.buffer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.writer.close()

    def add(self, page: NDArray[np.uint8] | NDArray[np.uint16], palette: NDArray[np.uint8] | None = None) -> None:
        """Add a page of any size.

        Args:
            page: (H, W, 3) RGB, or (H, W) grey values or class indices.
            palette: (256, 3), the colours of indices in other programs; None: grey.
        """
        image = Image.fromarray(page)
        if palette is not None:
            image.putpalette(palette.tobytes())
        image.save(self.writer, "TIFF", compression="tiff_adobe_deflate")
        self.writer.newFrame()

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.buffer.getvalue()
