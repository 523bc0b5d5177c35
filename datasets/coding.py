"""The meaning of a mask's values: the class for a grey value, a palette index, a colour or a segment's id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .image_files import Pixels
from .masks import (
    GREY,
    MASK_IMAGES,
    TRANSPARENT,
    Kind,
    MaskSource,
    RawMask,
    Values,
    count_values,
    describe_value,
    is_grey,
    pack_pixels,
    runs,
    unpack_channels,
)
from .pair import Pair

INDICES = 2**16
"""More than any value in an index mask."""
CLASS_INDICES = "class indices"
"""The origin of a coding whose values are the labels."""


class Decoded(NamedTuple):
    """A mask in class indices (H, W) uint8, the pixels of each value without a class, and the snapped pixels."""

    labels: Pixels
    unknown: dict[str, int]
    moved: int = 0


@dataclass(frozen=True)
class Coding:
    """The meaning of the values in a data set's masks. Unlisted values are unknown, and decoded to ``ignore_index``.

    Attributes:
        indices: label of each value of grey and palette masks.
        colors: label of each packed colour of RGB masks. If it is empty, RGB masks with three equal channels are read
            as grey masks.
        ignore_index: label of ignored values.
        by_color: read palette masks by their palette's colours instead of their indices.
        snap: read an unlisted value as the nearest listed one, for masks that were resized, smoothed or saved as JPEG.
        source: reads the values.
        origin: the source of this meaning, in words.
    """

    indices: Mapping[int, int] = field(default_factory=dict)
    colors: Mapping[int, int] = field(default_factory=dict)
    ignore_index: int = 255
    by_color: bool = False
    snap: bool = False
    source: MaskSource = MASK_IMAGES
    origin: str = "the masks' own values"

    def read(self, pair: Pair) -> RawMask:
        """Read the mask's values.

        Raises:
            UserError: the file is missing or damaged, or its values are not of a mask.
        """
        raw = self.source.read(pair)
        if raw.kind == "palette" and self.by_color and raw.palette is not None and raw.palette.size:
            colors = pack_pixels(raw.palette)
            return RawMask(colors[np.minimum(raw.values, len(colors) - 1)], "rgb", raw.palette)
        if raw.kind == "rgb" and not self.colors and is_grey(raw.values):
            return RawMask(raw.values & 255, "grey rgb", lossy=raw.lossy)
        return raw

    def decode(self, pair: Pair) -> Decoded:
        """The mask in labels.

        Raises:
            UserError: as for reading.
        """
        values, kind, *_ = self.read(pair)
        if values.dtype == np.uint8 and kind in ("index", "palette", "polygons") and values.max() < self._same:
            return Decoded(np.array(values), {})
        labels = self._labels(values, kind)
        missing = labels < 0
        if not missing.any():
            return Decoded(labels.astype(np.uint8), {})
        strange = values[missing]
        if self.snap:
            found, of_run = np.unique(strange, return_inverse=True)
            labels[missing] = self._nearest(found, kind)[of_run]
            return Decoded(labels.astype(np.uint8), {}, strange.size)
        unknown = {describe_value(value, kind): count for value, count in count_values(strange).items()}
        labels[missing] = self.ignore_index
        return Decoded(labels.astype(np.uint8), unknown)

    def label_of(self, value: int, kind: Kind) -> int | None:
        """Label of one value; None if it is unknown."""
        label = self._listed(value, kind)
        if label < 0 and self.snap:
            label = int(self._nearest(np.array([value]), kind)[0])
        return None if label < 0 else label

    def meaning(self) -> str:
        """Text that changes with the meaning of the values."""
        tables = sorted(self.indices.items()), sorted(self.colors.items())
        return repr((*tables, self.ignore_index, self.by_color, self.snap, self.source.meaning()))

    def _listed(self, value: int, kind: Kind) -> int:
        """Label of a listed value, else -1."""
        if kind == "bit":
            return int(self._bit_table[value])
        if kind == "grey rgb" and self.colors:
            return self.colors.get(value * GREY, -1)
        if kind != "rgb":
            return self.indices.get(value, -1)
        if value & TRANSPARENT:
            value = TRANSPARENT if TRANSPARENT in self.colors else value & ~TRANSPARENT
        return self.colors.get(value, -1)

    def _labels(self, values: Values, kind: Kind) -> NDArray[np.int16]:
        """Labels (H, W) of values (H, W); -1 for unknown values."""
        if kind == "bit":
            return np.asarray(self._bit_table[values])
        if kind != "rgb":
            return np.asarray(self._index_table[values])
        of_run, lengths = runs(values)
        found, place = np.unique(of_run, return_inverse=True)
        table = np.array([self._listed(int(value), kind) for value in found], np.int16)
        return np.repeat(table[place], lengths).reshape(values.shape)

    def _nearest(self, values: Values, kind: Kind) -> NDArray[np.int16]:
        """Labels (N,) of the nearest listed values.

        For colours, the distance is the squared difference of the channels.
        """
        colored = kind == "rgb" or (kind == "grey rgb" and bool(self.colors))
        table = self.colors if colored else self.indices
        known = np.array(sorted(value for value in table if value != TRANSPARENT), np.int64)
        if not known.size:
            return np.full(len(values), -1, np.int16)
        labels = np.array([table[int(value)] for value in known], np.int16)
        if not colored:
            return np.asarray(labels[np.abs(values.astype(np.int64)[:, None] - known).argmin(1)])
        if kind == "grey rgb":
            values = values.astype(np.int64) * GREY
        one, other = (np.stack(unpack_channels(v.astype(np.int64)), -1) for v in (values, known))
        nearest = [((color - other) ** 2).sum(1).argmin() for color in one]
        return np.asarray(labels[np.array(nearest, np.int64)])

    @cached_property
    def _same(self) -> int:
        """The number of first values that are their own labels."""
        return next(value for value in range(INDICES) if self.indices.get(value) != value)

    @cached_property
    def _index_table(self) -> NDArray[np.int16]:
        table = np.full(INDICES, -1, np.int16)
        table[np.fromiter(self.indices.keys(), np.int64, len(self.indices))] = list(self.indices.values())
        return table

    @cached_property
    def _bit_table(self) -> NDArray[np.int16]:
        """Labels of 0 and 1. If 1 is no class, it stands for 255 in masks of 8 bits."""
        table = self._index_table[:2].copy()
        if table[1] in (-1, self.ignore_index) and self._index_table[255] >= 0:
            table[1] = self._index_table[255]
        return table


def identity(classes: int, ignore_index: int | None) -> dict[int, int]:
    """The listed indices if each value is its label."""
    return {label: label for label in (*range(classes), *([] if ignore_index is None else [ignore_index]))}


def index_coding(classes: int, ignore_index: int) -> Coding:
    """The coding of masks that hold class indices."""
    return Coding(identity(classes, ignore_index), ignore_index=ignore_index, origin=CLASS_INDICES)
