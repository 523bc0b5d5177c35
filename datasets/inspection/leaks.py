"""Images that are in two splits, equal or nearly so: the network learns them, and measures on them flatter it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from .look import Look

MAX_BITS = 7
"""Perceptual hashes that differ in more of their 64 bits are of different pictures."""
BAND = 8
"""Bits of a piece: of 8 pieces, hashes that differ in at most 7 bits agree in one."""
MAX_GREY = 4.0
"""Mean difference of two thumbnails up to which the pictures look alike, in grey levels."""
BLOCK = 1024


Kind = Literal["equal", "near"]


class Leak(NamedTuple):
    """Two images of different splits, or of one, that are the same picture."""

    kind: Kind
    first: Path
    second: Path
    splits: tuple[str, str]


def find_leaks(looks: Sequence[Look], splits_of: Mapping[Path, Sequence[str]]) -> list[Leak]:
    """Equal and nearly equal images, those between splits first; an image comes once for each pair of splits.

    Args:
        looks: readable images; others are passed over.
        splits_of: the splits of an image.
    """
    readable = [look for look in looks if look.thumbnail is not None]
    found: dict[tuple[Path, tuple[str, str]], Leak] = {}
    for kind, first, second in (*_equal(readable), *_near(readable)):
        one, other = readable[first].pair.image, readable[second].pair.image
        splits = _different(splits_of[one], splits_of[other])
        found.setdefault((other, splits), Leak(kind, one, other, splits))
    return sorted(found.values(), key=lambda leak: (leak.splits[0] == leak.splits[1], leak.kind, leak.first))


def listed_twice(splits: Mapping[str, Iterable[Path]]) -> dict[tuple[str, str], int]:
    """How many images two splits share by name of file, where one does not hold the other, as trainval holds train."""
    sets = {name: set(paths) for name, paths in splits.items()}
    shared = {}
    for one, other in combinations(sets, 2):
        count = len(sets[one] & sets[other])
        if count and not (sets[one] <= sets[other] or sets[other] <= sets[one]):
            shared[one, other] = count
    return shared


def _equal(looks: Sequence[Look]) -> Iterator[tuple[Kind, int, int]]:
    """Images with the same pixels: each with all before it of another image's split, so at least with the first."""
    groups: dict[bytes, list[int]] = {}
    for number, look in enumerate(looks):
        groups.setdefault(look.pixels_hash, []).append(number)
    for group in groups.values():
        yield from (("equal", first, second) for first, second in combinations(group[:BLOCK], 2))


def _near(looks: Sequence[Look]) -> Iterator[tuple[Kind, int, int]]:
    """Images that look alike, by their hashes and then by their thumbnails."""
    hashes = np.array([look.perceptual for look in looks], np.uint64)
    thumbnails = np.array([look.thumbnail for look in looks], np.int16)
    for band in range(64 // BAND):
        pieces = hashes >> np.uint64(band * BAND) & np.uint64((1 << BAND) - 1)
        order = np.argsort(pieces, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(pieces[order])) + 1):
            for start in range(0, len(group), BLOCK):
                block = group[start : start + BLOCK]
                bits = np.bitwise_count(hashes[block, None] ^ hashes[None, group])
                for row, column in np.argwhere(bits <= MAX_BITS).tolist():
                    first, second = int(block[row]), int(group[column])
                    if first < second and np.abs(thumbnails[first] - thumbnails[second]).mean() <= MAX_GREY:
                        yield "near", first, second


def _different(first: Sequence[str], second: Sequence[str]) -> tuple[str, str]:
    """A split of each, different ones where there are."""
    for one in first:
        for other in second:
            if one != other and one not in second and other not in first:
                return one, other
    return first[0], first[0]
