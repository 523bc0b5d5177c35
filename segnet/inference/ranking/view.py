"""What a page shows of a ranked image."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels


class View(NamedTuple):
    """One image.

    Attributes:
        name: of the file.
        title: why it has its rank, in a few words.
        image: ``(H, W, 3)`` uint8 RGB.
        truth: its labels ``(H, W)`` uint8; None: it has none.
        mask: the predicted classes ``(H, W)`` uint8.
        doubt: ``(H, W)`` float32, not negative.
    """

    name: str
    title: str
    image: Pixels
    truth: Pixels | None
    mask: Pixels
    doubt: NDArray[np.float32]
