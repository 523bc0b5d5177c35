"""Pairs of an image and its index mask, read with checks that keep wrong files out of training."""

import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segnet.errors import UserError

from .classes import ClassSet
from .coding import CLASS_INDICES, Coding, index_coding
from .fingerprint import fingerprint
from .image_files import Pixels, read_image
from .pair import Pair


class Sample(NamedTuple):
    """An image (H, W, 3) uint8 RGB, its mask (H, W) uint8 of class indices, and the file name without suffix."""

    image: Pixels
    mask: Pixels
    name: str


class ImagesAndMasks:
    """Samples of a split in a fixed order.

    This is a map-style data set for PyTorch's loaders. They need no base class, and without one, processes that look at
    files need not import PyTorch.

    Args:
        pairs: the files, at least one pair.
        classes: the classes of the masks' labels.
        cache: most GiB of decoded samples kept in memory, from the first on; 0: none. Forked worker processes share the
            memory, and spawned ones read the files each time. The samples are the same either way.
        coding: the meaning of the masks' values; None: they are class indices.
    """

    coding: Coding | None = None
    relabelled: tuple[int, ...] = ()
    """New label for each label of the masks if classes are merged; empty: unchanged."""
    left_out: tuple[str, ...] = ()
    """Reasons why samples of the data are missing here, if a training leaves out unreadable ones."""

    def __init__(
        self, pairs: Sequence[Pair], classes: ClassSet, cache: float = 0, coding: Coding | None = None
    ) -> None:
        self.pairs: Sequence[Pair] = list(pairs)
        self.classes, self.cache = classes, cache
        self.coding = coding or index_coding(len(classes), classes.ignore_index)
        self._cache = _SampleCache.like(self._image(0), len(self.pairs), cache) if cache else None

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        """Sample ``index``, in new arrays.

        Raises:
            UserError: a file is unreadable, sizes differ, the mask is no index mask, or a label has no class.
        """
        name = self.pairs[index].name
        if self._cache and (cached := self._cache.get(index)):
            return Sample(*cached, name)
        image, mask = self._image(index), self.mask(index)
        check_sizes(self.pairs[index], image, mask)
        if self._cache:
            self._cache.put(index, image, mask)
        return Sample(image, mask, name)

    def mask(self, index: int) -> Pixels:
        """The mask of sample ``index``, (H, W) uint8, with checked labels.

        Raises:
            UserError: as for a sample.
        """
        assert self.coding is not None
        labels, unknown, _ = self.coding.decode(self.pairs[index])
        if unknown:
            raise UserError(f"{self.pairs[index].mask}: {complaint(unknown, self.coding, self.classes)}")
        return labels

    def _image(self, index: int) -> Pixels:
        pair = self.pairs[index]
        return read_image(pair.image, page=pair.page)

    def fingerprint(self) -> str:
        """Short text that changes with the content of the files."""
        return fingerprint(dict.fromkeys(file for pair in self.pairs for file in pair.files))

    def subset(self, indices: Sequence[int]) -> "ImagesAndMasks":
        """A data set with only these samples, in this order."""
        return ImagesAndMasks([self.pairs[index] for index in indices], self.classes, self.cache, self.coding)


def check_labels(path: Path, mask: Pixels, classes: ClassSet) -> None:
    """Refuse a mask with a label that is neither a class nor ignored."""
    count, ignore_index = len(classes), classes.ignore_index
    if mask.max() < count:
        return
    labels = np.unique(mask)
    wrong = labels[(labels >= count) & (labels != ignore_index)]
    if wrong.size:
        raise UserError(f"{path}: {wrong_labels(', '.join(map(str, wrong[:5])), classes)}")


def wrong_labels(labels: str, classes: ClassSet) -> str:
    return (
        f"label {labels} found, but there are {len(classes)} classes (0 to {len(classes) - 1}) and "
        f"{classes.ignore_index} is ignored; correct the mask or the data's classes"
    )


def check_sizes(pair: Pair, image: Pixels, mask: Pixels) -> None:
    """Refuse a mask whose size differs from its image's."""
    if image.shape[:2] != mask.shape:
        raise UserError(
            f"{pair.mask}: the mask is {_size(mask)} pixels, its image {pair.image} is {_size(image)}; "
            "save both at the same size"
        )


class _SampleCache:
    """Decoded samples in memory that forked processes share. All have one size; samples of other sizes are not kept.

    It is anonymous memory, because /dev/shm has 64 MB in many containers. A page costs nothing before it is written.
    Two processes that fill the same place write the same bytes, and ``filled`` is set afterwards, so no lock is needed.
    """

    def __init__(self, length: int, height: int, width: int) -> None:
        pixels = height * width
        memory = np.frombuffer(mmap.mmap(-1, length * (4 * pixels + 1)), np.uint8)
        self.images = memory[: length * pixels * 3].reshape(length, height, width, 3)
        self.masks = memory[length * pixels * 3 : length * pixels * 4].reshape(length, height, width)
        self.filled = memory[length * pixels * 4 :]

    @classmethod
    def like(cls, image: Pixels, length: int, limit: float) -> "_SampleCache | None":
        """A cache for the first ``length`` samples of the image's size, or as many as ``limit`` GiB hold; else None."""
        height, width = image.shape[:2]
        length = min(length, int(limit * 2**30) // (4 * height * width))
        return cls(length, height, width) if length else None

    def get(self, index: int) -> tuple[Pixels, Pixels] | None:
        """Copies of a sample, so that nobody can change what the next reader gets."""
        if index >= len(self.filled) or not self.filled[index]:
            return None
        return self.images[index].copy(), self.masks[index].copy()

    def put(self, index: int, image: Pixels, mask: Pixels) -> None:
        if index < len(self.filled) and mask.shape == self.masks.shape[1:]:
            self.images[index], self.masks[index] = image, mask
            self.filled[index] = 1

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()  # a spawned process cannot share the memory, so it gets None and reads files


def complaint(unknown: Mapping[str, int], coding: Coding, classes: ClassSet) -> str:
    """The error message for a mask with values of no class, with advice."""
    if all(value.startswith("#") for value in unknown) and not coding.colors:
        return (
            f"{describe_unknown(unknown)}: class indices are expected here; segnet inspect writes a config that says "
            "which colour is which class"
        )
    if coding.origin == CLASS_INDICES:
        labels = ", ".join(value.removeprefix("label ") for value in list(unknown)[:5])
        return wrong_labels(labels, classes)
    return f"{describe_unknown(unknown)}; correct it or the data's classes, or convert the data with --ignore-unknown"


def describe_unknown(unknown: Mapping[str, int]) -> str:
    """Values of a mask without a class, in words."""
    shown = ", ".join(f"{value} ({count:,} pixels)" for value, count in list(unknown.items())[:3])
    more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
    return f"the mask holds {shown}{more}, which stand for no class"


def _size(array: Pixels) -> str:
    return f"{array.shape[1]}×{array.shape[0]}"
