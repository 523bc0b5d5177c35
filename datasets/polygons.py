"""Draw polygons and other shapes as masks. Later shapes lie on top, and uncovered pixels are background."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .image_files import Pixels
from .masks import RawMask
from .pair import Pair

Points = NDArray[np.float32]
"""(N, 2) x and y in pixels; the centre of the first pixel is at 0.5."""

SHIFT = 4
"""Fractional bits in the coordinates for OpenCV."""
CIRCLE_POINTS = 64


class Region(NamedTuple):
    """Pixels (H, W) bool at a place in an image, their upper left corner."""

    left: int
    top: int
    inside: NDArray[np.bool_]


class Shape(NamedTuple):
    """An object: the value of its class, and its outlines or its pixels.

    Attributes:
        value: mask value of its class.
        outlines: filled one by one; none if the object has pixels.
        region: its pixels.
        encoded: its pixels in COCO's run-length coding.
        holes: outlines within a single outline whose inside is not filled.
    """

    value: int
    outlines: tuple[Points, ...] = ()
    region: Region | None = None
    encoded: dict[str, Any] | None = None
    holes: tuple[Points, ...] = ()


class Drawing(NamedTuple):
    """The shapes on an image of (H, W) pixels, the lowest first."""

    size: tuple[int, int]
    shapes: list[Shape]


@dataclass(frozen=True)
class PolygonMasks:
    """Masks drawn from shapes.

    Attributes:
        drawing_of: reads the drawing of a pair.
        background: value of uncovered pixels.
        names: names of the values, in order.
    """

    drawing_of: Callable[[Pair], Drawing]
    background: int = 0
    names: tuple[str, ...] = ()

    def read(self, pair: Pair) -> RawMask:
        return RawMask(draw(self.drawing_of(pair), self.background), "polygons")

    def meaning(self) -> str:
        return repr((self.background, self.names))


def draw(drawing: Drawing, background: int) -> Pixels:
    """The mask of a drawing, (H, W) uint8."""
    mask = np.full(drawing.size, background, np.uint8)
    for shape in drawing.shapes:
        for outline in shape.outlines:
            if len(outline) >= 3:
                contours = [np.rint((one - 0.5) * (1 << SHIFT)).astype(np.int32) for one in (outline, *shape.holes)]
                cv2.fillPoly(mask, contours, (shape.value,), shift=SHIFT)
        if shape.encoded is not None:
            mask[_decoded(shape.encoded, drawing.size)] = shape.value
        if shape.region is not None:
            _paint(mask, shape.region, shape.value)
    return mask


def _paint(mask: Pixels, region: Region, value: int) -> None:
    """Parts outside the mask are cut off."""
    height, width = mask.shape
    top, left = max(region.top, 0), max(region.left, 0)
    inside = region.inside[top - region.top : height - region.top, left - region.left : width - region.left]
    mask[top : top + inside.shape[0], left : left + inside.shape[1]][inside] = value


def _decoded(encoded: dict[str, Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """COCO's run lengths, as numbers or as text (pycocotools)."""
    from pycocotools import mask as coco

    if isinstance(encoded["counts"], list):
        encoded = coco.frPyObjects(encoded, *encoded["size"])
    found = np.asarray(coco.decode(encoded), bool)
    if found.shape != size:
        raise ValueError(f"a run-length coding of {found.shape[1]}×{found.shape[0]} pixels")
    return found


def polygon(numbers: Any) -> Points:
    """A polygon from alternating x and y, or from pairs."""
    return np.array(numbers, np.float32).reshape(-1, 2)


def rectangle(first: Any, second: Any) -> Points:
    """A rectangle from two opposite corners."""
    (left, top), (right, bottom) = first, second
    return polygon([left, top, right, top, right, bottom, left, bottom])


def ellipse(x: float, y: float, radius_x: float, radius_y: float) -> Points:
    """An ellipse as a polygon with many corners."""
    angles = np.linspace(0, 2 * np.pi, CIRCLE_POINTS, endpoint=False)
    return polygon(np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], 1))
