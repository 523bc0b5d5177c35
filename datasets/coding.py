"""How masks say which class a pixel is: by a grey value, a palette index, a colour, or a segment's number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError

from .image_files import Pixels, open_image

Kind = Literal["index", "palette", "rgb", "grey rgb", "panoptic"]
"""Of a mask's values; ``grey rgb`` are three equal channels, which may be colours or an index that was saved so."""
RGB = tuple[int, int, int]

GREY = 0x010101
"""A grey value times this is its packed colour."""
NO_SEGMENT = 65535
"""Value of a panoptic mask's pixels whose number is not in the annotations."""


class RawMask(NamedTuple):
    """A mask as it is on disk.

    Attributes:
        values: (H, W) int32; of an RGB mask each colour as one number, see :func:`pack`.
        kind: what the values are.
    """

    values: NDArray[np.int32]
    kind: Kind


class Decoded(NamedTuple):
    """A mask in class indices, (H, W) uint8, and the pixels of each value that stands for no class."""

    labels: Pixels
    unknown: dict[str, int]


@dataclass(frozen=True)
class Coding:
    """What the values in a data set's masks mean; what is not listed is unknown, and decoded to ``ignore_index``.

    Attributes:
        indices: label of each value of grey and palette masks.
        colors: label of each packed colour of RGB masks. Where it is empty, RGB masks of three equal channels are read
            as grey ones.
        ignore_index: of values that are left out.
        segments: COCO panoptic masks alone: (n, 2) int32 of segment number and value, by file name.
    """

    indices: Mapping[int, int] = field(default_factory=dict)
    colors: Mapping[int, int] = field(default_factory=dict)
    ignore_index: int = 255
    segments: Mapping[str, NDArray[np.int32]] | None = None

    def read(self, path: Path) -> RawMask:
        """The mask's values.

        Raises:
            UserError: the file is not there, is damaged, or has values of a kind that is no mask.
        """
        raw = read_raw_mask(path)
        if self.segments is not None:
            return RawMask(_values_of_segments(raw, self.segments.get(path.name)), "panoptic")
        if raw.kind == "rgb" and not self.colors:
            return RawMask(raw.values & 255, "grey rgb") if is_grey(raw.values) else raw
        return raw

    def decode(self, path: Path) -> Decoded:
        """The mask in labels, by exact look-up.

        Raises:
            UserError: as for reading.
        """
        values, kind = self.read(path)
        table = self._color_table if kind == "rgb" else self._index_table
        labels = table[values]
        missing = labels < 0
        unknown = {}
        if missing.any():
            unknown = {describe_value(value, kind): count for value, count in count_values(values[missing]).items()}
            labels[missing] = self.ignore_index
        return Decoded(labels.astype(np.uint8), unknown)

    def label_of(self, value: int, kind: Kind) -> int | None:
        """Label of one value; None where it is unknown."""
        if kind == "grey rgb" and self.colors:
            return self.colors.get(value * GREY)
        return (self.colors if kind == "rgb" else self.indices).get(value)

    @cached_property
    def _index_table(self) -> NDArray[np.int16]:
        return _table(self.indices, 2**16)

    @cached_property
    def _color_table(self) -> NDArray[np.int16]:
        return _table(self.colors, 2**24)


def read_raw_mask(path: Path) -> RawMask:
    """A mask's values as they are on disk, without its transparency.

    Raises:
        UserError: the file is not there, is damaged, or has values of a kind that is no mask.
    """
    mask = open_image(path, "mask")
    if mask.mode in ("L", "1", "I", "I;16", "I;16L", "I;16B", "LA"):
        values = np.asarray(mask).astype(np.int32)
        values = values[..., 0] if mask.mode == "LA" else values
        if values.min() < 0 or values.max() >= 2**16:
            raise UserError(f"{path}: the mask holds values up to {values.max()}; labels are below 65536")
        return RawMask(values, "index")
    if mask.mode in ("P", "PA"):
        values = np.asarray(mask).astype(np.int32)
        return RawMask(values[..., 0] if mask.mode == "PA" else values, "palette")
    if mask.mode in ("RGB", "RGBA"):
        return RawMask(pack_pixels(np.asarray(mask)), "rgb")
    raise UserError(f"{path}: an image of type {mask.mode} is no mask; save class indices or RGB colours")


def pack(color: RGB) -> int:
    """A colour as one number, 0xRRGGBB."""
    return color[0] << 16 | color[1] << 8 | color[2]


def unpack(value: int) -> RGB:
    return value >> 16, value >> 8 & 255, value & 255


def pack_pixels(pixels: Pixels) -> NDArray[np.int32]:
    """(H, W, 3 or more) uint8 as (H, W) numbers."""
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def is_grey(values: NDArray[np.int32]) -> bool:
    """Whether the three channels of packed colours are equal everywhere."""
    return bool((values == (values & 255) * GREY).all())


def count_values(values: NDArray[np.int32]) -> dict[int, int]:
    """Pixels of each value. Masks are made of even areas, so their runs are sorted instead of their pixels."""
    flat = values.ravel()
    starts = np.concatenate(([0], np.flatnonzero(np.diff(flat)) + 1))
    lengths = np.diff(np.concatenate((starts, [flat.size])))
    found, run_of = np.unique(flat[starts], return_inverse=True)
    pixels = np.bincount(run_of, weights=lengths)
    return {int(value): int(count) for value, count in zip(found, pixels, strict=True)}


def describe_value(value: int, kind: Kind) -> str:
    """``#ff0080`` or ``label 37``."""
    if kind == "panoptic":
        return "segment without annotation"
    return f"#{value:06x}" if kind == "rgb" else f"label {value}"


def identity(classes: int, ignore_index: int) -> dict[int, int]:
    """Indices whose value is the label."""
    return {label: label for label in (*range(classes), ignore_index)}


def _table(labels: Mapping[int, int], size: int) -> NDArray[np.int16]:
    table = np.full(size, -1, np.int16)
    table[np.fromiter(labels.keys(), np.int64, len(labels))] = np.fromiter(labels.values(), np.int16, len(labels))
    return table


def _values_of_segments(raw: RawMask, segments: NDArray[np.int32] | None) -> NDArray[np.int32]:
    """Category values of a panoptic mask, whose colour is a segment's number R + 256 G + 65536 B."""
    red, green, blue = unpack_channels(raw.values)
    numbers = red + (green << 8) + (blue << 16)
    found, place = np.unique(numbers, return_inverse=True)
    values = {0: 0} | ({} if segments is None else dict(segments.tolist()))
    table = np.array([values.get(int(index), NO_SEGMENT) for index in found], np.int32)
    return np.asarray(table[place].reshape(numbers.shape))


def unpack_channels(values: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    return values >> 16, values >> 8 & 255, values & 255
