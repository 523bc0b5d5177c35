"""Image files from clients, opened safely, and arrays encoded as files."""

import base64
from pathlib import Path

import cv2
import numpy as np

from segnet.datasets.image_files import Allowed, Pixels, TooManyPixelsError, as_png, read_image
from segnet.web.limits import Limits
from segnet.web.problems import RefusedError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
"""The accepted formats: as few decoders as images from the web and from cameras need."""


def decode(data: bytes, limits: Limits) -> Pixels:
    """Decode an image file as ``(H, W, 3)`` uint8 RGB, turned upright by its EXIF orientation.

    Raises:
        RefusedError: it has too many bytes or pixels, which is known before it is decoded.
        UserError: it is no image.
    """
    if len(data) > limits.image_bytes:
        raise RefusedError(
            413, f"the image has {len(data) / 1e6:.1f} MB, at most {limits.image_bytes / 1e6:g} are accepted"
        )
    try:
        return read_image(Path("that file"), data, Allowed(FORMATS, limits.image_pixels))
    except TooManyPixelsError as error:
        raise RefusedError(413, str(error)) from None


def fitted(image: Pixels, side: int) -> Pixels:
    """The image, shrunk if its longer side has more than ``side`` pixels."""
    height, width = image.shape[:2]
    longer = max(height, width)
    if longer <= side:
        return image
    size = max(1, round(width * side / longer)), max(1, round(height * side / longer))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(mask: Pixels, height: int, width: int) -> Pixels:
    """A class map ``(h, w)`` at ``(height, width)``; each pixel takes the nearest class."""
    if mask.shape == (height, width):
        return mask
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)


def png(pixels: Pixels, palette: Pixels | None = None) -> bytes:
    """A PNG of ``(H, W)`` grey, ``(H, W)`` indices into ``palette`` ``(256, 3)``, or ``(H, W, 3)`` RGB."""
    # The level is the fastest, because the file only goes to the browser of this machine.
    return as_png(pixels, palette, compress_level=1)


def data_url(file: bytes) -> str:
    """A PNG file as text, for JSON and for a page's ``<img>``."""
    return "data:image/png;base64," + base64.b64encode(file).decode()
