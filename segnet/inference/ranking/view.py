"""A ranked image with its maps, as a page shows it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels


class View(NamedTuple):
    """One image.

    Attributes:
        name: name of the file.
        title: the reason for its rank, in a few words.
        image: ``(H, W, 3)`` uint8 RGB.
        truth: labels ``(H, W)`` uint8; None if it has none.
        mask: predicted classes ``(H, W)`` uint8.
        doubt: doubt about each pixel, ``(H, W)`` float32, not negative.
    """

    name: str
    title: str
    image: Pixels
    truth: Pixels | None
    mask: Pixels
    doubt: NDArray[np.float32]
