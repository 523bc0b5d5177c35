"""Handwritten digits from scikit-learn, available on every machine without a download."""

import cv2
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from segnet.errors import UserError

from .images import Images

SIDE = 28
CONTRAST = 2.0
"""Grey is moved away from the middle by this factor, so that strokes have edges like MNIST's."""
VAL_IMAGES = 360


def load_digit_images(split: str) -> Images:
    """The 1,797 digits of 8×8 pixels (Alpaydin and Kaynak, 1998), enlarged to MNIST's 28×28, with sharper edges.

    1,437 are for training and 360 for validation, with the same share of each digit. Bicubic enlargement alone would
    give blurred images that 64 principal components hold entirely, unlike any real image.

    Raises:
        UserError: the split is neither ``train`` nor ``val``.
    """
    if split not in ("train", "val"):
        raise UserError(f"the digits have no split {split!r}; set data.train and data.val to train or val")
    digits, labels = load_digits(return_X_y=True)
    parts = train_test_split(digits, labels, test_size=VAL_IMAGES, stratify=labels, random_state=0)
    index = 0 if split == "train" else 1
    small = (parts[index].reshape(-1, 8, 8) / 16).astype(np.float32)
    large = np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for image in small])
    sharp = ((large - 0.5) * CONTRAST + 0.5).clip(0, 1)
    pixels = (sharp * 255).round().astype(np.uint8)[:, None]
    return Images(pixels, parts[2 + index].astype(np.int64), tuple("0123456789"))
