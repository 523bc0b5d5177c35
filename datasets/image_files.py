"""Image files: recognise them, read images and masks with every check, and write arrays as PNG files.

Nothing here imports PyTorch, so a process that only reads files starts in a fraction of a second.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from segnet.errors import UserError

from .heic import HEIC_SUFFIXES, is_heic, is_readable, register
from .pixel_types import Excess, excess, excess_of_unknown
from .unread import advice, unread_kind

Pixels = NDArray[np.uint8]

HEIC = "HEIF"
"""Pillow's name of the format."""
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
IMAGE_SUFFIXES |= HEIC_SUFFIXES if is_readable() else frozenset()
"""In lower case. Files with other suffixes are skipped."""


class Allowed(NamedTuple):
    """The limits of an image file.

    Attributes:
        formats: accepted formats by Pillow's names, whatever the suffix. Pillow knows forty more and hands one of them,
            EPS, to Ghostscript, so an image from elsewhere could run a program. Nothing else calls ``Image.open``; a
            test checks this.
        max_pixels: most pixels of an image, known from its header before it is decoded.
        advice: what to do with a larger image.
    """

    formats: tuple[str, ...] = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", *([HEIC] if is_readable() else []))
    max_pixels: int = 89_000_000
    advice: str = "make it smaller"


ALLOWED = Allowed()
"""The limits of a user's files. Pillow warns at about this number of pixels, a quarter of a GiB in RGB."""

ORIENTATION = 0x0112
"""EXIF tag: 1 is upright."""

SUBFILE_TYPE, NO_IMAGE = 254, 1 | 4
"""The TIFF tag for the kind of a page, and its bits for a smaller copy and a transparency mask (TIFF 6.0, page 36)."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Operations that turn each other orientation upright (EXIF 2.32, section 4.6.4)."""


class DeepImageError(UserError):
    """The image has more bits or channels than can be read."""

    def __init__(self, path: Path, found: Excess) -> None:
        super().__init__(
            f"{path}: an image of {found}; up to 3 channels of 8 bits are read. Bring all images to that over the same "
            f"range, as with: {found.command(path)}"
        )


class TooManyPixelsError(UserError):
    """The image would take too much memory."""


def read_image(path: Path, content: bytes | None = None, allowed: Allowed = ALLOWED, page: int | None = None) -> Pixels:
    """Read an image file as (H, W, 3) uint8 RGB, turned upright by its EXIF orientation, without transparency.

    Args:
        path: the file.
        content: its bytes, if they have been read already.
        allowed: formats and pixels.
        page: page of a TIFF stack, from :func:`pages_of`; None: the first.

    Raises:
        UserError: the file is missing or damaged, or has another format.
        DeepImageError: it has more than 8 bits for each channel, or more than three channels and transparency.
        TooManyPixelsError: its header has more pixels than are allowed.
    """
    image = open_image(path, "image", content, allowed, page)
    with _damage_named(path, "image"):
        turn = TURNS.get(orientation_of(image))
        return np.array((image if turn is None else image.transpose(turn)).convert("RGB"))


def read_mask(path: Path, content: bytes | None = None) -> Pixels:
    """Read an index mask as (H, W) uint8: grey values, or the indices of a palette image, whatever its colours.

    Args:
        path: the file.
        content: its bytes, if they have been read already.

    Raises:
        UserError: the file is missing or damaged, or is a colour or a 16-bit image.
    """
    mask = open_image(path, "mask", content)
    if mask.mode not in ("L", "P"):
        found = "a 16-bit image" if mask.mode.startswith("I") else f"an image of type {mask.mode}"
        raise UserError(
            f"{path}: the mask is {found}; a mask has one 8-bit channel (or a palette) that holds the class index "
            "of each pixel"
        )
    return np.array(mask)


def open_image(
    path: Path, kind: str, content: bytes | None = None, allowed: Allowed = ALLOWED, page: int | None = None
) -> Image.Image:
    """Open and decode an image file, or ``content`` instead, or one ``page`` of a TIFF stack.

    Raises:
        UserError: the file is missing or damaged, or has another format.
        TooManyPixelsError: its header has more pixels than are allowed. Nothing was decoded.
    """
    image = open_header(path, kind, content, allowed)
    with _damage_named(path, kind):
        if page is not None:
            image.seek(page)
            check_pixels(path, kind, image, allowed)
        if kind == "image" and (found := excess(image)):
            raise DeepImageError(path, found)
        image.load()
        return image


def pages_of(path: Path, kind: str = "image", allowed: Allowed = ALLOWED, content: bytes | None = None) -> list[int]:
    """The pages of a TIFF stack that are images, from 0 on; ``[0]`` for any other file.

    Smaller copies of a page and masks of its transparency do not count.

    Raises:
        UserError: the file is missing or damaged, or has another format.
    """
    image = open_header(path, kind, content, allowed)
    if image.format != "TIFF":
        return [0]
    pages = []
    with _damage_named(path, kind):
        for page in range(getattr(image, "n_frames", 1)):
            image.seek(page)
            if not image.tag_v2.get(SUBFILE_TYPE, 0) & NO_IMAGE:  # type: ignore[attr-defined]
                pages.append(page)
    return pages or [0]


def open_header(path: Path, kind: str, content: bytes | None = None, allowed: Allowed = ALLOWED) -> Image.Image:
    """Like :func:`open_image`, but only size, type and format are read, and nothing is decoded."""
    limit = f"at most {allowed.max_pixels / 1e6:g} million are read; {allowed.advice}"
    with _damage_named(path, kind):
        try:
            with _pillow_allows(allowed.max_pixels):
                image = _identified(path, content, allowed)
        except UnidentifiedImageError:
            with path.open("rb") if content is None else io.BytesIO(content) as file:
                found = excess_of_unknown(file)
            if found:
                raise DeepImageError(path, found) from None
            suffix = path.suffix.lower()
            if named := unread_kind(suffix):
                raise UserError(f"{path}: {named}, which is not read; {advice(suffix)}") from None
            *first, last = allowed.formats
            raise ValueError(f"not a complete {', '.join(first)} or {last} file") from None
        except Image.DecompressionBombError:
            # Pillow itself stops at twice its own limit.
            raise TooManyPixelsError(f"{path}: the {kind} has far too many pixels, {limit}") from None
    check_pixels(path, kind, image, allowed)
    return image


def _identified(path: Path, content: bytes | None, allowed: Allowed) -> Image.Image:
    """The file opened by Pillow, which looks at its content."""
    source = path if content is None else io.BytesIO(content)
    try:
        return Image.open(source, formats=[name for name in allowed.formats if name != HEIC])
    except UnidentifiedImageError:
        with path.open("rb") if content is None else io.BytesIO(content) as file:
            if HEIC not in allowed.formats or not is_heic(file.read(12)):
                raise
        register()
        return Image.open(source, formats=[HEIC])


@contextmanager
def _pillow_allows(pixels: int) -> Iterator[None]:
    """Let Pillow read headers with so many pixels, if its own limit is lower."""
    usual = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max(pixels, usual or pixels)
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = usual


def check_pixels(path: Path, kind: str, image: Image.Image, allowed: Allowed) -> None:
    """Refuse an image that would take too much memory."""
    if image.width * image.height > allowed.max_pixels:
        limit = f"at most {allowed.max_pixels / 1e6:g} million are read; {allowed.advice}"
        raise TooManyPixelsError(f"{path}: the {kind} has {image.width}×{image.height} pixels, {limit}")


def orientation_of(image: Image.Image) -> int:
    """The orientation, 1 to 8. If the file has none that can be read, it is 1, upright, as in viewers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:
        # Pillow raises any kind of error for a damaged block of EXIF data.
        return 1
    return orientation if isinstance(orientation, int) else 1


@contextmanager
def _damage_named(path: Path, kind: str) -> Iterator[None]:
    """Turn Pillow's errors on damaged files, which may be of any kind, into one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileNotFoundError:
        raise UserError(f"{path}: no such {kind} file") from None
    except UserError:
        raise
    except Exception as error:
        detail = " ".join(str(error).replace(str(path), "").split()) or type(error).__name__
        raise UserError(f"{path}: cannot be read as an image ({detail}); replace or remove it") from None


def as_png(pixels: Pixels | NDArray[np.uint16], palette: Pixels | None = None, compress_level: int = 6) -> bytes:
    """The bytes of a PNG file.

    Args:
        pixels: (H, W, 3) RGB, or (H, W) grey values or class indices, uint8; or (H, W) grey values, uint16.
        palette: (256, 3) uint8, the colours of indices in other programs; None: grey.
        compress_level: 1 is fast, 9 small.
    """
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=compress_level)
    return buffer.getvalue()
