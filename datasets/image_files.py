"""Image files: which files are taken for one, and arrays as PNG files.

Nothing here imports PyTorch, so that a process which only reads files starts in a fraction of a second.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""In lower case; a file of another suffix is passed over."""


def as_png(pixels: Pixels, palette: Pixels | None = None, compress_level: int = 6) -> bytes:
    """The bytes of a PNG file.

    Args:
        pixels: (H, W, 3) RGB, or (H, W) grey values or class indices, uint8.
        palette: (256, 3) uint8, the colours in which programs show indices; None: they are grey.
        compress_level: 1 is fast, 9 small.
    """
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=compress_level)
    return buffer.getvalue()
