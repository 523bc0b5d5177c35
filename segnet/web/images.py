"""Pixels files of clients, taken with care, and arrays made into files."""

import base64
import io
import warnings

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from segnet.datasets.image_files import as_png
from segnet.web.limits import Limits
from segnet.web.problems import RefusedError

Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
"""What is decoded: the fewest decoders that images on the web and of cameras need."""


def decode(data: bytes, limits: Limits) -> Pixels:
    """An image file as ``(H, W, 3)`` uint8 RGB, turned upright as its EXIF orientation says.

    Raises:
        RefusedError: too large in bytes or in pixels, which is known before it is decoded, or no image.
    """
    if len(data) > limits.image_bytes:
        raise RefusedError(
            413, f"the image has {len(data) / 1e6:.1f} MB, at most {limits.image_bytes / 1e6:g} are taken"
        )
    try:
        with warnings.catch_warnings():
            # Pillow warns of large images; ours is the stricter limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if width * height > limits.image_pixels:
            most = f"at most {limits.image_pixels / 1e6:g} million are taken"
            raise RefusedError(413, f"the image has {width}×{height} pixels, {most}")
        if image.mode.startswith(("I", "F")):
            raise RefusedError(400, "the image has more than 8 bits a channel; save it with 8")
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except Image.DecompressionBombError:
        raise RefusedError(413, f"the image has far over {limits.image_pixels / 1e6:g} million pixels") from None
    # Pillow raises SyntaxError, ValueError and more on damaged files.
    except (OSError, SyntaxError, ValueError, EOFError):
        raise RefusedError(400, f"that file is no whole image; give one of {', '.join(FORMATS)}") from None


def fitted(image: Pixels, side: int) -> Pixels:
    """The image, made smaller where its longer side has more than ``side`` pixels."""
    height, width = image.shape[:2]
    longer = max(height, width)
    if longer <= side:
        return image
    size = max(1, round(width * side / longer)), max(1, round(height * side / longer))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(mask: Pixels, height: int, width: int) -> Pixels:
    """A class map ``(h, w)`` at ``(height, width)``, each pixel the class of the nearest."""
    if mask.shape == (height, width):
        return mask
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)


def png(pixels: Pixels, palette: Pixels | None = None) -> bytes:
    """A PNG of ``(H, W)`` grey, ``(H, W)`` indices into ``palette`` ``(256, 3)``, or ``(H, W, 3)`` RGB."""
    # The fastest level: the file goes no farther than to this machine's browser.
    return as_png(pixels, palette, compress_level=1)


def data_url(file: bytes) -> str:
    """A PNG file as text, for JSON and for a page's ``<img>``."""
    return "data:image/png;base64," + base64.b64encode(file).decode()
