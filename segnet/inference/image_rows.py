"""Image files read from top to bottom, some rows at a time, so that the whole image is never in memory."""

from pathlib import Path
from typing import Any

import numpy as np

from segnet.datasets.image_files import ALLOWED, Allowed, DeepImageError, Pixels, open_header, orientation_of, pages_of
from segnet.datasets.pixel_types import excess
from segnet.errors import UserError, first_line, is_out_of_memory
from segnet.optional import require

MOST_PIXELS = 10**12
LOADERS = {"PNG": "pngload", "JPEG": "jpegload", "TIFF": "tiffload"}
"""libvips' readers by Pillow's names of the formats. No other reader is called, whatever the file's name."""
MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX"}
"""Pillow's names of the pixel types that both libraries turn into the same colours."""


class ImageRows:
    """An image file with the pixels of :func:`segnet.datasets.image_files.read_image`, read on demand.

    Rows above the last window are dropped, so a window must not begin above the one before. An image with an EXIF
    rotation is decoded into a temporary file first, because its first row may be its last column.

    Args:
        path: a PNG, JPEG or TIFF file.
        allowed: the formats; its limit of pixels does not apply here.

    Attributes:
        shape: (H, W, 3).

    Raises:
        UserError: pyvips is not installed, the file is damaged, or it is of a kind that decodes only as a whole.
    """

    def __init__(self, path: Path, allowed: Allowed = ALLOWED) -> None:
        self.path = path
        self.vips = require("pyvips", "large")
        loader, is_upright = inspected(path, allowed)
        # Each result is needed once, and libvips would keep the last hundred.
        self.vips.cache_set_max(0)
        access = "sequential" if is_upright else "random"
        try:
            image = getattr(self.vips.Image, loader)(str(path), access=access, fail_on="error").autorot()
            image = image.colourspace("srgb") if image.bands < 3 else image
            self.image = image.extract_band(0, n=3)
            self.region = self.vips.Region.new(self.image)
        except self.vips.Error as error:
            raise self._damaged(error) from None
        self.shape = self.image.height, self.image.width, 3
        self.first, self.kept = 0, np.zeros((0, self.image.width, 3), np.uint8)

    def __getitem__(self, place: tuple[slice, slice]) -> Pixels:
        """Pixels ``(h, w, 3)`` uint8 RGB of rows and columns; a copy."""
        rows, columns = place
        top, bottom, _ = rows.indices(self.shape[0])
        if top < self.first:
            raise ValueError(f"rows from {top} on are gone; the last window began at {self.first}")
        read = self.first + len(self.kept)
        if bottom > read:
            new = self._read(max(read, top), bottom)
            self.kept = np.concatenate([self.kept[top - self.first :], new])
        else:
            self.kept = self.kept[top - self.first :]
        self.first = top
        return self.kept[: bottom - top, columns].copy()

    def _read(self, top: int, bottom: int) -> Pixels:
        width = self.shape[1]
        try:
            content = self.region.fetch(0, top, width, bottom - top)
        except self.vips.Error as error:
            raise self._damaged(error) from None
        return np.frombuffer(content, np.uint8).reshape(bottom - top, width, 3)

    def _damaged(self, error: Exception) -> Exception:
        if is_out_of_memory(error):
            return MemoryError(first_line(error))
        return UserError(f"{self.path}: cannot be read as an image ({first_line(error)}); replace or remove it")


def inspected(path: Path, allowed: Allowed) -> tuple[str, bool]:
    """libvips' reader for a file, and whether the image lies upright in it.

    Raises:
        UserError: the file cannot be read row by row, or has pixels of another type.
    """
    anything = allowed._replace(max_pixels=MOST_PIXELS)
    header: Any = open_header(path, "image", allowed=anything)
    if found := excess(header):
        raise DeepImageError(path, found)
    kind = header.format
    if header.info.get("progressive"):
        kind = "progressive JPEG"
    elif header.info.get("interlace"):
        kind = "interlaced PNG"
    if kind not in LOADERS:
        raise UserError(
            f"{path}: a {kind} image of {header.width}×{header.height} pixels can only be decoded as a whole; save it "
            "as TIFF, as a plain PNG or as a baseline JPEG"
        )
    if getattr(header, "n_frames", 1) > 1 and len(pages_of(path, allowed=anything)) > 1:
        raise UserError(f"{path}: a stack of large images; save each page as a file of its own")
    if header.mode not in MODES:
        raise UserError(f"{path}: rows of an image of type {header.mode} are not read; convert it to RGB")
    return LOADERS[kind], orientation_of(header) == 1
