"""The size at which the network sees an image. The default is the size of its training."""

import math
from typing import Literal

Size = Literal["trained", "native"] | int | tuple[int, int]
"""``trained``: as many pixels as the images of the training had, in the image's own proportions; ``native``: the image
as it is; a number: so many pixels, in its own proportions; (H, W): exactly that."""

SMALLEST = 16
"""Pixels of a side at least: a very long, thin image still has a few across."""


def network_size(size: Size, trained: tuple[int, int], image: tuple[int, int]) -> tuple[int, int]:
    """(H, W) at which the network sees an image.

    A network knows objects at the scale at which it was trained on them, so an image of another camera is brought to
    about that scale first. An image that has as many pixels already stays as it is.

    Args:
        size: what is asked for.
        trained: (H, W) of the images that the network was trained on.
        image: (H, W) of the image.
    """
    if size == "native":
        return image
    if isinstance(size, tuple):
        return size
    pixels = trained[0] * trained[1] if size == "trained" else size
    height, width = image
    scale = math.sqrt(pixels / (height * width))
    return max(SMALLEST, round(height * scale)), max(SMALLEST, round(width * scale))


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """``size`` times ``scale``."""
    return size if scale == 1 else (max(SMALLEST, round(size[0] * scale)), max(SMALLEST, round(size[1] * scale)))
