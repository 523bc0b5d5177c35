"""Textures made of noise: brick, render and windows of facades, roofs, fences, foliage, the street's surface."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import ArrayLike

from .camera import Floats

PIXELS_A_METRE = 10
"""Texture pixels for each metre of a facade. A window's frame is about one texture pixel wide."""
WALLS = (
    (0.58, 0.32, 0.25),
    (0.72, 0.66, 0.55),
    (0.5, 0.45, 0.4),
    (0.78, 0.75, 0.7),
    (0.62, 0.5, 0.36),
    (0.4, 0.38, 0.4),
)


def noise(rng: Generator, height: int, width: int, coarsest: int = 4, octaves: int = 5) -> Floats:
    """Smooth noise (H, W) around 0 in about -1 to 1, each octave twice as fine and 0.6 times as strong."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = coarsest << octave
        grid = rng.uniform(-1, 1, (min(cells, height), min(cells, width))).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(0.6**octave)
    return total


@lru_cache(512)
def facade(seed: int, width: float, height: float) -> Floats:
    """A house front (h, w, 3) of ``width`` × ``height`` metres: storeys of windows, a plinth, doors or a shop."""
    rng = Generator(PCG64(seed))
    rows, columns = int(height * PIXELS_A_METRE), int(width * PIXELS_A_METRE)
    image, wall = _masonry(rng, rows, columns)
    storey, axis = rng.uniform(2.8, 3.4), rng.uniform(2.0, 3.2)
    count = max(1, int(width / axis))
    size = rng.uniform(0.4, 0.6) * width / count, rng.uniform(0.45, 0.62) * storey
    frame = np.full(3, rng.choice([0.15, 0.9]))
    shop = rng.random() < 0.4
    for level in range(int(height / storey)):
        for index in range(count):
            middle, sill = (index + 0.5) * width / count, level * storey + 0.3 * storey
            if level == 0 and shop:
                _window(image, rng, middle, 0.4, 0.88 * width / count, 2.1, frame)
            elif level == 0 and index == count // 2:
                _panel(image, middle, 0, 1.1, 2.2, rng.uniform(0.1, 0.4) + rng.uniform(-0.08, 0.08, 3))
            else:
                _window(image, rng, middle, sill, *size, frame)
    if shop:
        _panel(image, width / 2, 2.55, width, 0.5, rng.uniform(0.1, 0.6) + rng.uniform(-0.08, 0.08, 3))
    _panel(image, width / 2, height - 0.3, width, 0.3, wall * rng.uniform(0.6, 1.2))
    return image


@lru_cache(32)
def blank_wall(seed: int) -> Floats:
    """A wall (h, w, 3) without windows, for the ends of houses."""
    return _masonry(Generator(PCG64(seed)), 120, 100)[0]


def _masonry(rng: Generator, rows: int, columns: int) -> tuple[Floats, Floats]:
    """Brick or render (h, w, 3) with stains, and its colour (3,)."""
    wall = np.array(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.75, 1.1) + rng.uniform(-0.04, 0.04, 3)
    image = np.empty((rows, columns, 3), np.float32)
    image[:] = wall
    if rng.random() < 0.5:
        _courses(image, rng)
    image *= 1 + 0.1 * noise(rng, rows, columns, octaves=4)[..., None]
    return image, wall


def _courses(image: Floats, rng: Generator) -> None:
    """Brick courses; joints every few texture pixels, bricks of slightly different red."""
    rows, columns = image.shape[:2]
    bricks = rng.uniform(0.85, 1.12, (rows // 3 + 1, columns // 7 + 1)).astype(np.float32)
    image *= cv2.resize(bricks, (columns, rows), interpolation=cv2.INTER_NEAREST)[..., None]
    image[::3] *= 0.88


def _window(image: Floats, rng: Generator, x: float, y: float, width: float, height: float, frame: ArrayLike) -> None:
    """A frame, a pane that mirrors more sky towards its top, a bar, sometimes a curtain or a lamp behind."""
    _panel(image, x, y - 0.08, width + 0.2, height + 0.16, frame)
    pane = np.array([0.16, 0.2, 0.25]) * rng.uniform(0.5, 2.2)
    if rng.random() < 0.15:
        pane = np.array([0.75, 0.62, 0.38])
    _panel(image, x, y, width, height, pane)
    _panel(image, x, y + height * 0.55, width, height * 0.45, pane * 1.35)
    _panel(image, x, y, 0.09, height, frame)


def _panel(image: Floats, x: float, y: float, width: float, height: float, color: ArrayLike) -> None:
    """A rectangle. The middle of its lower edge is at x, y metres from the lower left corner."""
    rows = image.shape[0]
    left, right = (max(round((x + side * width / 2) * PIXELS_A_METRE), 0) for side in (-1, 1))
    top, bottom = (max(rows - round((y + add) * PIXELS_A_METRE), 0) for add in (height, 0))
    image[top:bottom, left:right] = np.asarray(color, np.float32)


@lru_cache(64)
def fence(seed: int, width: float, height: float) -> Floats:
    """A fence (h, w, 4) of pickets, bars or planks. The gaps belong to it, as in CamVid's labels."""
    rng = Generator(PCG64(seed))
    rows, columns = int(height * 32), int(width * 32)
    color = np.array([(0.6, 0.34, 0.12), (0.66, 0.42, 0.16), (0.84, 0.84, 0.82), (0.9, 0.9, 0.86)][rng.integers(4)])
    image = np.empty((rows, columns, 3), np.float32)
    image[:] = color * rng.uniform(0.28, 0.4)
    step = int(rng.integers(6, 11))
    pickets = rng.uniform(0.85, 1.15, columns // step + 1).repeat(step)[:columns]
    is_picket = np.arange(columns) % step < step * 0.6
    image[:, is_picket] = (color * pickets[:, None])[is_picket]
    for share in (0.12, 0.75):
        image[int(rows * share) : int(rows * share) + 4] = color * 1.15
    return image * (1 + 0.08 * noise(rng, rows, columns)[..., None])


@lru_cache(128)
def foliage(seed: int, size: int = 160) -> Floats:
    """A crown (h, w, 4): leaves in clumps, lit from above, ragged at the rim and with gaps."""
    rng = Generator(PCG64(seed))
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    coarse, fine = noise(rng, size, size, 5, 4), noise(rng, size, size, 24, 3)
    opaque = 1.15 - np.hypot(x, y) * 1.25 + 0.2 * coarse + 0.07 * fine
    green = np.array([rng.uniform(0.16, 0.4), rng.uniform(0.3, 0.45), rng.uniform(0.08, 0.2)])
    if rng.random() < 0.05:
        green = np.array([rng.uniform(0.45, 0.6), rng.uniform(0.28, 0.4), 0.12])
    bright = np.clip(0.85 - 0.3 * y + 0.22 * coarse + 0.38 * fine, 0.15, 1.7)
    return np.dstack([green * bright[..., None], np.clip(opaque + 0.4, 0, 1)]).astype(np.float32)


@lru_cache(8)
def ground(seed: int) -> Floats:
    """Noise (512, 512) around 0 that continues at its edges, for flat surfaces."""
    tile = noise(Generator(PCG64(seed)), 256, 256, 8, 6)
    return np.asarray(np.block([[tile, tile[:, ::-1]], [tile[::-1], tile[::-1, ::-1]]]), np.float32)
