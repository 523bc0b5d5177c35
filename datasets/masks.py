"""Read the values of a mask file. This is the one place for it, for every type and depth."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segnet.errors import UserError

from .image_files import Pixels, open_image
from .pair import Pair

Kind = Literal["index", "bit", "palette", "rgb", "grey rgb", "panoptic", "polygons"]
"""The kind of a mask's values. ``grey rgb`` are three equal channels: colours, or an index that was saved so."""
RGB = tuple[int, int, int]
Values = NDArray[Any]
"""(H, W) uint8 or int32."""

GREY = 0x010101
"""A grey value times this gives its packed colour."""
TRANSPARENT = 1 << 24
"""Added to the packed colour of transparent pixels, in masks that have opaque pixels too."""
NO_SEGMENT = 65535
"""The value of panoptic pixels whose id is not in the annotations."""
INDEX_MODES = ("L", "I", "I;16", "I;16L", "I;16B", "I;16N")
BITS_PER_SAMPLE = 258
"""A TIFF tag."""


class RawMask(NamedTuple):
    """A mask as stored on disk.

    Attributes:
        values: (H, W); samples or palette indices. In an RGB mask, each colour is one number, see :func:`pack`.
        kind: kind of the values.
        palette: (n, 3) uint8, the colours of a palette mask's values.
        lossy: whether the file's format changes values, as JPEG does.
    """

    values: Values
    kind: Kind
    palette: Pixels | None = None
    lossy: bool = False


class MaskSource(Protocol):
    """Reads the values of a pair's mask."""

    def read(self, pair: Pair) -> RawMask:
        """Read the mask of a pair.

        Raises:
            UserError: the file is missing or damaged, or is no mask.
        """

    def meaning(self) -> str:
        """Text that changes with everything that the files alone do not tell."""


@dataclass(frozen=True)
class MaskImages:
    """Masks in image files."""

    def read(self, pair: Pair) -> RawMask:
        return read_raw_mask(pair.mask, pair.page)

    def meaning(self) -> str:
        return ""


MASK_IMAGES = MaskImages()


@dataclass(frozen=True)
class PanopticImages:
    """COCO's panoptic masks, whose colours are segment ids.

    Attributes:
        segments: (n, 2) int32 of segment id and value, by file name.
    """

    segments: Mapping[str, NDArray[np.int32]]

    def read(self, pair: Pair) -> RawMask:
        raw = read_raw_mask(pair.mask)
        return RawMask(_values_of_segments(raw, self.segments.get(pair.mask.name)), "panoptic")

    def meaning(self) -> str:
        digest = hashlib.sha256()
        for name, segments in sorted(self.segments.items()):
            digest.update(name.encode() + segments.tobytes())
        return digest.hexdigest()


def read_raw_mask(path: Path, page: int | None = None) -> RawMask:
    """Read a mask's values as they are on disk.

    Grey masks of 1, 2, 4, 8 and 16 bits give their samples' values, which Pillow would spread over 0 to 255.
    Transparent pixels get other values if the image has opaque pixels too.

    Args:
        path: the file.
        page: page of a TIFF stack.

    Raises:
        UserError: the file is missing or damaged, or its values are not of a mask.
    """
    mask = open_image(path, "mask", page=page)
    lossy = mask.format == "JPEG"
    if mask.mode == "1":
        return RawMask(np.asarray(mask).astype(np.uint8), "bit")
    if mask.mode == "L":
        return RawMask(_samples(mask, path), "index", lossy=lossy)
    if mask.mode in INDEX_MODES:
        values = np.asarray(mask).astype(np.int32)
        if values.min() < 0 or values.max() >= 2**16:
            raise UserError(f"{path}: the mask holds values up to {values.max()}; labels are below 65536")
        return RawMask(values, "index")
    if mask.mode in ("P", "PA"):
        values = np.asarray(mask)
        palette = np.array(mask.getpalette() or [], np.uint8).reshape(-1, 3)
        return RawMask(values[..., 0] if mask.mode == "PA" else values, "palette", palette)
    if mask.mode in ("RGB", "RGBA", "LA"):
        return RawMask(_packed(mask), "rgb", lossy=lossy)
    raise UserError(f"{path}: an image of type {mask.mode} is no mask; save class indices or RGB colours")


def _samples(mask: Image.Image, path: Path) -> Pixels:
    values = np.asarray(mask)
    bits = 8
    if mask.format == "PNG":
        with path.open("rb") as file:
            bits = file.read(25)[24]  # of a sample, in the header (PNG specification, 11.2.2)
    elif mask.format == "TIFF":
        bits = getattr(mask, "tag_v2", {}).get(BITS_PER_SAMPLE, (8,))[0]
    return values if bits >= 8 else values // np.uint8(255 // (2**bits - 1))


def _packed(mask: Image.Image) -> Values:
    pixels = np.asarray(mask if mask.mode == "RGB" else mask.convert("RGBA"))
    values = pack_pixels(pixels)
    if mask.mode == "RGB":
        return values
    through = pixels[..., 3] < 128
    return np.where(through, values | TRANSPARENT, values) if through.any() and not through.all() else values


def pack(color: RGB) -> int:
    """A colour as one number, 0xRRGGBB."""
    return color[0] << 16 | color[1] << 8 | color[2]


def unpack(value: int) -> RGB:
    return value >> 16 & 255, value >> 8 & 255, value & 255


def pack_pixels(pixels: Pixels) -> NDArray[np.int32]:
    """(H, W, 3 or more) uint8 as (H, W) packed colours."""
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def unpack_channels(values: Values) -> tuple[Values, Values, Values]:
    return values >> 16 & 255, values >> 8 & 255, values & 255


def is_grey(values: Values) -> bool:
    """Whether the three channels of packed colours are equal everywhere, and nothing is transparent."""
    return bool((values == (values & 255) * GREY).all())


def runs(values: Values) -> tuple[Values, NDArray[np.int64]]:
    """The value and length of each run of equal values, row by row. Masks have even areas and therefore few runs."""
    flat = values.ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    return flat[starts], np.diff(np.concatenate((starts, [flat.size])))


def count_values(values: Values) -> dict[int, int]:
    """Pixels of each value. It sorts runs, which are fewer than pixels."""
    of_run, lengths = runs(values)
    found, run_of = np.unique(of_run, return_inverse=True)
    pixels = np.bincount(run_of, weights=lengths)
    return {int(value): int(count) for value, count in zip(found, pixels, strict=True)}


def describe_value(value: int, kind: Kind) -> str:
    """``#ff0080`` or ``label 37``."""
    if kind == "panoptic":
        return "segment without annotation"
    if kind == "rgb":
        return "transparent" if value & TRANSPARENT else f"#{value:06x}"
    return f"label {value}"


def _values_of_segments(raw: RawMask, segments: NDArray[np.int32] | None) -> NDArray[np.int32]:
    """Category values of a panoptic mask, whose colours are segment ids R + 256 G + 65536 B."""
    red, green, blue = unpack_channels(raw.values)
    numbers = red + (green << 8) + (blue << 16)
    found, place = np.unique(numbers, return_inverse=True)
    values = {0: 0} | ({} if segments is None else dict(segments.tolist()))
    table = np.array([values.get(int(number), NO_SEGMENT) for number in found], np.int32)
    return np.asarray(table[place].reshape(numbers.shape))
