"""Small data sets on disk, for the tests of readers, inspection and conversion."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segnet.datasets.pair import Pair

Pixels = NDArray[np.uint8]


def photo(path: Path, size: tuple[int, int] = (12, 16), seed: int = 0, **options: Any) -> Path:
    """An image of coarse noise, (H, W) = ``size``, whose look differs with the seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def index_mask(path: Path, values: object, size: tuple[int, int] = (12, 16)) -> Path:
    """A grey mask whose columns hold the values in turn, each as wide as the others."""
    row = np.repeat(np.array(values), -(-size[1] // len(np.array(values))))[: size[1]]
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.tile(row, (size[0], 1))
    Image.fromarray(pixels.astype(np.uint16 if pixels.max() > 255 else np.uint8)).save(path)
    return path


def color_mask(path: Path, colors: list[tuple[int, int, int]], size: tuple[int, int] = (12, 16)) -> Path:
    """An RGB mask whose columns hold the colours in turn."""
    row = np.repeat(np.array(colors, np.uint8), -(-size[1] // len(colors)), axis=0)[: size[1]]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.tile(row, (size[0], 1, 1))).save(path)
    return path


def palette_mask(path: Path, values: list[int], colors: list[tuple[int, int, int]]) -> Path:
    """A palette mask whose columns hold the values in turn."""
    index_mask(path, values)
    mask = Image.open(path)
    mask.load()
    mask.putpalette([channel for color in colors for channel in color])
    mask.save(path)
    return path


def of_mask(mask: Path) -> Pair:
    """A pair for a mask that is read without its image."""
    return Pair(mask.with_suffix(".jpg"), mask)
