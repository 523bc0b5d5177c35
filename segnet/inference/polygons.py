"""The outlines of a mask's regions, for labelling tools."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels

Ring = NDArray[np.float64]
"""Corners ``(N, 2)`` of a closed line: x and y in pixels. The first pixel reaches from 0 to 1."""


class Region(NamedTuple):
    """Adjacent pixels of one class.

    Attributes:
        class_index: their class.
        outline: the line around them.
        holes: lines around inner areas that do not belong to the region.
        area: in pixels, without holes.
    """

    class_index: int
    outline: Ring
    holes: list[Ring]
    area: int


def regions_of(
    mask: Pixels, indices: Collection[int] | None = None, min_area: int = 0, tolerance: float = 0.0
) -> list[Region]:
    """The regions of a mask ``(H, W)``, from the largest outline to the smallest.

    In this order, a region inside a hole is drawn over the hole, which formats without holes fill.

    Args:
        mask: class indices.
        indices: the wanted classes; None: all.
        min_area: least pixels of a region and of a hole; smaller ones are left out.
        tolerance: largest distance of an outline from the exact one, in pixels.
    """
    wanted = [index for index in np.unique(mask).tolist() if indices is None or index in indices]
    found = [pair for index in wanted for pair in _regions(mask, index, min_area, tolerance)]
    return [region for _, region in sorted(found, key=lambda pair: -pair[0])]


def _regions(mask: Pixels, index: int, min_area: int, tolerance: float) -> Iterator[tuple[float, Region]]:
    """The area inside each outline, and its region."""
    # OpenCV's lines run through the centres of pixels. With four quarters for each pixel, they enclose a quarter less
    # than the pixel on each side. So a pole of one pixel has an area, and filling the line gives the mask's pixels.
    quarters = cv2.resize((mask == index).view(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    lines, tree = cv2.findContours(quarters, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return
    for line, (_, _, child, parent) in zip(lines, tree[0], strict=True):
        if parent >= 0:
            continue
        inside, step = area_within(line, border=True), child
        area, holes = inside, []
        while step >= 0:
            hole_area = area_within(lines[step], border=False)
            area -= hole_area
            if hole_area >= min_area:
                holes.append(ring(lines[step], tolerance))
            step = tree[0][step][0]
        if area >= min_area:
            yield inside, Region(index, ring(line, tolerance), holes, round(area))


def area_within(line: NDArray[np.int32], border: bool) -> float:
    """Pixels inside a line of quarter pixels ``(N, 1, 2)``, with or without those on it, by Pick's theorem."""
    steps = np.abs(np.diff(line[:, 0], axis=0, append=line[:1, 0])).max(1).sum()
    return float(cv2.contourArea(line) + (steps / 2 if border else -steps / 2) + 1) / 4


def ring(line: NDArray[np.int32], tolerance: float) -> Ring:
    """A line of quarter pixels ``(N, 1, 2)`` in pixels. It is not simplified if it would lose its area."""
    if tolerance:
        fewer = cv2.approxPolyDP(line, 2 * tolerance, closed=True)
        line = np.asarray(fewer, np.int32) if len(fewer) > 2 else line
    return (line[:, 0] + 0.5) / 2
