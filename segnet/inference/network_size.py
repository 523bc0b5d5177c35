"""The size at which the network sees an image. The default is the size of its training."""

import math
from typing import Literal

Size = Literal["trained", "native"] | int | tuple[int, int]
"""``trained``: as many pixels as the training images, in the image's own proportions. ``native``: the image's own size.
A number: so many pixels, in the image's proportions. (H, W): exactly this size."""

SMALLEST = 16
"""The least pixels of a side, so that a very long, thin image still has a few across."""


def network_size(size: Size, trained: tuple[int, int], image: tuple[int, int]) -> tuple[int, int]:
    """(H, W) at which the network sees an image.

    A network knows objects at the scale of its training. An image of another camera is therefore resized to about that
    scale. An image with as many pixels as the training images stays as it is.

    Args:
        size: the setting.
        trained: (H, W) of the training images.
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
