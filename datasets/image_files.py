"""Image files: which files are taken for one, images and masks read from them with every check, arrays as PNG files.

Nothing here imports PyTorch, so that a process which only reads files starts in a fraction of a second.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from segnet.errors import UserError

Pixels = NDArray[np.uint8]

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""In lower case; a file of another suffix is passed over."""


def read_image(path: Path, content: bytes | None = None) -> Pixels:
    """An image file as (H, W, 3) uint8 RGB, turned as its EXIF orientation says, without its transparency.

    Args:
        path: of the file.
        content: its bytes, where they have been read already.

    Raises:
        UserError: the file is not there, is damaged, or has more than 8 bits a channel in one channel.
    """
    image = open_image(path, "image", content)
    if image.mode.startswith(("I", "F")):
        raise UserError(f"{path}: the image has pixels of type {image.mode!r}; save it with 8 bits a channel")
    with _damage_named(path, "image"):
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))


def read_mask(path: Path, content: bytes | None = None) -> Pixels:
    """An index mask as (H, W) uint8: grey values, or the indices of a palette image whatever its colours are.

    Args:
        path: of the file.
        content: its bytes, where they have been read already.

    Raises:
        UserError: the file is not there, is damaged, or is a colour or a 16-bit image.
    """
    mask = open_image(path, "mask", content)
    if mask.mode not in ("L", "P"):
        found = "a 16-bit image" if mask.mode.startswith("I") else f"an image of type {mask.mode}"
        raise UserError(
            f"{path}: the mask is {found}; a mask has one 8-bit channel (or a palette) that holds the class index "
            "of each pixel"
        )
    return np.array(mask)


def open_image(path: Path, kind: str, content: bytes | None = None) -> Image.Image:
    """An image file, decoded; with ``content`` that instead of the file's.

    Raises:
        UserError: the file is not there or is damaged.
    """
    with _damage_named(path, kind):
        image = Image.open(path if content is None else io.BytesIO(content))
        image.load()
        return image


@contextmanager
def _damage_named(path: Path, kind: str) -> Iterator[None]:
    """Turn what Pillow raises on damaged files, which may be anything, into one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except FileNotFoundError:
        raise UserError(f"{path}: no such {kind} file") from None
    except Exception as error:
        detail = " ".join(str(error).replace(str(path), "").split()) or type(error).__name__
        raise UserError(f"{path}: cannot be read as an image ({detail}); replace it or take it out") from None


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
