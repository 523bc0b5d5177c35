"""Find images that are in two splits, equal or nearly equal. They make measures look too good."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .look import Look

MAX_BITS = 7
"""Perceptual hashes that differ in more of their 64 bits belong to different images."""
BAND = 16
"""Bits of a piece. Hashes that differ in at most 7 bits differ in at most one bit in one of 4 pieces."""
PAIRS = 1 << 20
"""Pairs that are compared at once, to limit the memory."""
MAX_GREY = 4.0
"""Images look alike up to this mean difference of their thumbnails, in grey levels."""
MAX_CELL = 8
"""Up to this largest difference of a cell of two thumbnails of one split, a person would call the images the same.

Recompressed and scaled images stay below it. Of 113 pairs of CamVid's frames that look alike, something has moved in
all, and the closest pair differs by 12.
"""
BLOCK = 1024


Kind = Literal["equal", "near"]
Indices = NDArray[np.int64]


class Leak(NamedTuple):
    """Two images, of different splits or of one, that are the same."""

    kind: Kind
    first: Path
    second: Path
    splits: tuple[str, str]


def find_leaks(looks: Sequence[Look], splits_of: Mapping[Path, Sequence[str]]) -> list[Leak]:
    """Equal and nearly equal images, those between splits first. An image comes once for each pair of splits.

    Args:
        looks: looks of images; unreadable ones are skipped.
        splits_of: the splits of each image.
    """
    readable = [look for look in looks if look.thumbnail is not None]
    found: dict[tuple[Path, tuple[str, str]], Leak] = {}
    for kind, first, second in (*_equal(readable), *_near(readable)):
        one, other = readable[first].pair.image, readable[second].pair.image
        splits = _different(splits_of[one], splits_of[other])
        if kind == "near" and splits[0] == splits[1] and not _same(readable[first], readable[second]):
            continue
        found.setdefault((other, splits), Leak(kind, one, other, splits))
    return sorted(found.values(), key=lambda leak: (leak.splits[0] == leak.splits[1], leak.kind, leak.first))


def listed_twice(splits: Mapping[str, Iterable[Path]]) -> dict[tuple[str, str], int]:
    """Number of images that two splits share by file name, unless one contains the other, as trainval does."""
    sets = {name: set(paths) for name, paths in splits.items()}
    shared = {}
    for one, other in combinations(sets, 2):
        count = len(sets[one] & sets[other])
        if count and not (sets[one] <= sets[other] or sets[other] <= sets[one]):
            shared[one, other] = count
    return shared


def _equal(looks: Sequence[Look]) -> Iterator[tuple[Kind, int, int]]:
    """Images with the same pixels, each paired with all earlier ones of other splits, and at least with the first."""
    groups: dict[bytes, list[int]] = {}
    for index, look in enumerate(looks):
        groups.setdefault(look.pixels_hash, []).append(index)
    for group in groups.values():
        yield from (("equal", first, second) for first, second in combinations(group[:BLOCK], 2))


def _near(looks: Sequence[Look]) -> Iterator[tuple[Kind, int, int]]:
    """Images that look alike, by their hashes and then by their thumbnails, each paired with all earlier ones."""
    hashes = np.array([look.perceptual for look in looks], np.uint64)
    thumbnails = np.array([look.thumbnail for look in looks], np.int16)
    found: set[tuple[int, int]] = set()
    for first, second in _candidates(hashes):
        close = np.bitwise_count(hashes[first] ^ hashes[second]) <= MAX_BITS
        first, second = first[close], second[close]
        for start in range(0, len(first), BLOCK):
            one, other = first[start : start + BLOCK], second[start : start + BLOCK]
            alike = np.abs(thumbnails[one] - thumbnails[other]).mean((1, 2)) <= MAX_GREY
            found.update(zip(one[alike].tolist(), other[alike].tolist(), strict=True))
    for one, other in sorted(found):
        yield "near", one, other


def _candidates(hashes: NDArray[np.uint64]) -> Iterator[tuple[Indices, Indices]]:
    """All pairs whose hashes differ in at most one bit of some piece, the earlier image first, in blocks."""
    for band in range(64 // BAND):
        pieces = (hashes >> np.uint64(band * BAND) & np.uint64((1 << BAND) - 1)).astype(np.int64)
        order = np.argsort(pieces, kind="stable")
        # Images with the piece p are order[starts[p] : starts[p + 1]].
        starts = np.searchsorted(pieces[order], np.arange((1 << BAND) + 1))
        for flipped in (0, *(1 << bit for bit in range(BAND))):
            wanted = pieces ^ flipped
            counts = starts[wanted + 1] - starts[wanted]
            behind = np.concatenate([[0], np.cumsum(counts)])
            row = 0
            while row < len(hashes):
                stop = max(row + 1, int(np.searchsorted(behind, behind[row] + PAIRS, "right")) - 1)
                index = counts[row:stop]
                first = np.repeat(np.arange(row, stop), index)
                shift = behind[row:stop] - starts[wanted[row:stop]]
                place = np.arange(behind[row], behind[stop]) - np.repeat(shift, index)
                second = order[place]
                yield first[first < second], second[first < second]
                row = stop


def _same(one: Look, other: Look) -> bool:
    """Whether nothing in the images has moved, appeared or disappeared.

    Similar frames of two splits are always a leak. Within one split, only copies are reported.
    """
    assert one.thumbnail is not None
    assert other.thumbnail is not None
    return int(np.abs(one.thumbnail.astype(np.int16) - other.thumbnail.astype(np.int16)).max()) <= MAX_CELL


def _different(first: Sequence[str], second: Sequence[str]) -> tuple[str, str]:
    """A split of each image, different ones if possible."""
    for one in first:
        for other in second:
            if one != other and one not in second and other not in first:
                return one, other
    return first[0], first[0]
