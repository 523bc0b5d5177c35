"""The outlines of a mask's regions, for labelling tools."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import make_valid
from shapely.geometry import Polygon

from segnet.datasets.image_files import Pixels
from segnet.rounding import ceil_div

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
    x, y, width, height = cv2.boundingRect((mask == index).view(np.uint8))
    pixels = (mask[y : y + height, x : x + width] == index).view(np.uint8)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(pixels, connectivity=8)
    quarters = in_quarters(pixels, joined=tolerance > 0)
    lines, tree = cv2.findContours(quarters, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for line, (_, _, child, parent) in zip(lines, tree[0], strict=True):
        column, row = line[line[:, 0, 1].argmin(), 0] // 2
        area = int(statistics[labels[row, column], cv2.CC_STAT_AREA])
        if parent >= 0 or area < min_area:
            continue
        inside, step, rings = float(area), child, [np.asarray(line, np.int32)]
        while step >= 0:
            hole_area = area_within_hole(np.asarray(lines[step], np.int32))
            inside += hole_area
            if hole_area >= min_area:
                rings.append(np.asarray(lines[step], np.int32))
            step = tree[0][step][0]
        outline, *inner = (np.add(ring, (x, y)) for ring in simplified(rings, tolerance))
        yield inside, Region(index, outline, inner, area)


def in_quarters(pixels: Pixels, joined: bool) -> Pixels:
    """A binary mask ``(H, W)`` as ``(2H, 2W)``.

    OpenCV's lines run through the centres of pixels. With four quarters for each pixel, they enclose a quarter less
    than the pixel on each side. So a pole of one pixel has an area, and filling the line gives the mask's pixels.

    Args:
        pixels: 1 inside, 0 outside.
        joined: where two pixels only touch at a corner, add the quarters beside it. Otherwise a line goes there and
            back on the same way, which is exact, but touches itself.
    """
    quarters: Pixels = np.asarray(cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST), np.uint8)
    if not joined:
        return quarters
    left_top, right_top = pixels[:-1, :-1], pixels[:-1, 1:]
    left_bottom, right_bottom = pixels[1:, :-1], pixels[1:, 1:]
    first, second = slice(1, -1, 2), slice(2, None, 2)
    falling = left_top & right_bottom & ~(right_top | left_bottom)
    rising = right_top & left_bottom & ~(left_top | right_bottom)
    quarters[first, second] |= falling
    quarters[second, first] |= falling
    quarters[first, first] |= rising
    quarters[second, second] |= rising
    return quarters


def area_within_hole(line: NDArray[np.int32]) -> int:
    """Pixels inside a line of quarter pixels ``(N, 1, 2)``, without those on it, by Pick's theorem."""
    steps = np.abs(np.diff(line[:, 0], axis=0, append=line[:1, 0])).max(1).sum()
    # Where pixels touch at a corner, a quarter of the hole is taken.
    return ceil_div(round(cv2.contourArea(line) - steps / 2 + 1), 4)


def simplified(lines: list[NDArray[np.int32]], tolerance: float) -> list[Ring]:
    """An outline and its holes, lines of quarter pixels ``(N, 1, 2)``, in pixels and with fewer corners.

    Lines that are simplified one by one may cross themselves or each other, which QuPath and other programs refuse.
    """
    rings: list[Ring] = [(line[:, 0] + 0.5) / 2 for line in lines]
    if not tolerance:
        return rings
    polygon = Polygon(rings[0], rings[1:]).simplify(tolerance)
    if not polygon.is_valid:
        polygon = max(valid_parts(rings[0], rings[1:]), key=lambda part: part.area).simplify(tolerance)
    return [np.asarray(ring.coords)[:-1] for ring in (polygon.exterior, *polygon.interiors)]


def valid_parts(outline: Ring, holes: Sequence[Ring]) -> list[Polygon]:
    """The area of a region as polygons of which no line crosses or touches itself."""
    area = make_valid(Polygon(outline, holes), method="structure", keep_collapsed=False)
    return list(getattr(area, "geoms", [area]))
