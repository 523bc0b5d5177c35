"""Bright colours to draw over photographs. They come from the classes' own colours, which are often dark and alike."""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet

Lab = NDArray[np.float64]

LIGHTNESS = 45, 92
"""Lightness of drawing colours in CIELAB, 0–100. Darker ones look like shadows, lighter ones like the sky."""
CHROMA = 30
"""With less chroma, a colour loses its hue when it is mixed with a photograph."""
GREY = 8
"""With at most this chroma, a class's own colour has no hue to keep."""
WEIGHTS = np.array([0.7, 1, 1])
"""Weights of lightness, a and b in distances. The photograph below changes the lightness most."""
FARTHEST = 44
"""A sufficient distance of two colours. A larger one would move them away from the classes' own colours."""
STEP = 15
"""The step in red, green and blue between the colours to choose from."""


@functools.lru_cache(maxsize=32)
def drawing_colors(classes: ClassSet) -> tuple[tuple[int, int, int], ...]:
    """A bright colour for each class, RGB 0–255, as near to the class's own as the other classes allow.

    The classes in turn take the free colour nearest to their own. The distance between two colours is the largest with
    which every class finds a colour, up to :data:`FARTHEST`. Black, which usually is the background, stays black.
    """
    own = np.array(classes.colors, np.uint8).reshape(-1, 3)
    wanted, (free_rgb, free) = bright(lab(own)), palette_to_choose_from()
    black = ~own.any(1)
    for distance in range(FARTHEST, 0, -1):
        chosen = choose(wanted[~black], free, distance)
        if chosen is not None:
            drawn = own.copy()
            drawn[~black] = free_rgb[chosen]
            return tuple((int(red), int(green), int(blue)) for red, green, blue in drawn)
    return classes.colors  # more classes than bright colours


def drawing_palette(classes: ClassSet) -> NDArray[np.uint8]:
    """:func:`drawing_colors` for all 256 mask values, ``(256, 3)`` uint8 RGB; values without a class are black."""
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(classes)] = drawing_colors(classes)
    return palette


def choose(wanted: Lab, free: Lab, distance: float) -> list[int] | None:
    """For each colour in ``wanted`` ``(C, 3)``, the nearest in ``free`` ``(F, 3)`` at that distance from those before.

    Returns:
        Indices into ``free``; None if there are too few.
    """
    is_free = np.ones(len(free), bool)
    chosen = []
    for color in wanted:
        if not is_free.any():
            return None
        index = int(np.where(is_free, apart(free, color), np.inf).argmin())
        chosen.append(index)
        is_free &= apart(free, free[index]) >= distance
    return chosen


def apart(colors: Lab, other: Lab) -> NDArray[np.float64]:
    """Distance of each of ``colors`` ``(N, 3)`` from ``other`` ``(3,)``, as seen over photographs."""
    return np.asarray(np.linalg.norm((colors - other) * WEIGHTS, axis=-1))


def bright(colors: Lab) -> Lab:
    """``colors`` ``(C, 3)`` with the lightness and chroma of drawing colours; grey stays without hue."""
    lightness, chroma = colors[:, :1], np.linalg.norm(colors[:, 1:], axis=1, keepdims=True)
    fuller = np.where(chroma > GREY, np.maximum(chroma * 1.5, 2 * CHROMA) / np.maximum(chroma, 1), 1)
    low, high = LIGHTNESS
    return np.hstack([low + lightness / 100 * (high - low), colors[:, 1:] * fuller])


@functools.cache
def palette_to_choose_from() -> tuple[NDArray[np.uint8], Lab]:
    """Bright colours and light greys, RGB ``(F, 3)`` uint8 and their CIELAB values."""
    levels = np.arange(0, 256, STEP, dtype=np.uint8)
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    values = lab(rgb)
    chroma = np.linalg.norm(values[:, 1:], axis=1)
    is_bright = (values[:, 0] >= LIGHTNESS[0]) & (values[:, 0] <= LIGHTNESS[1])
    keep = is_bright & ((chroma >= CHROMA) | (chroma < 1))
    return rgb[keep], values[keep]


def lab(rgb: NDArray[np.uint8]) -> Lab:
    """CIELAB values ``(N, 3)`` of colours ``(N, 3)``."""
    return np.asarray(cv2.cvtColor((rgb[None] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0], np.float64)
