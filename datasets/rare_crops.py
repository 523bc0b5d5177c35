"""The random crops of albumentations, optionally centred on a pixel of a given class.

If a pipeline is called with ``rare=LABEL``, its crops are around a pixel of that label. A crop beyond the edge is moved
into the image. Without ``rare``, or if the label is not in the mask (any more), the crop is albumentations' own.
"""

from typing import Any

import albumentations as A
import numpy as np

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are excluded."""

NO_PADDING = {"pad_top": 0, "pad_bottom": 0, "pad_left": 0, "pad_right": 0}


class _Centred(A.DualTransform):
    """A mix-in before a crop of albumentations."""

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = super().get_params_dependent_on_data(params, data)
        pixels = np.flatnonzero(data["mask"] == data["rare"]) if data.get("rare") is not None else ()
        if len(pixels):
            height, width = data["mask"].shape[:2]
            y, x = divmod(int(pixels[self.py_random.randrange(len(pixels))]), width)
            # The box refers to the image with its padding, which comes before the crop.
            pad = found.get("pad_params") or NO_PADDING
            size = height + pad["pad_top"] + pad["pad_bottom"], width + pad["pad_left"] + pad["pad_right"]
            found["crop_coords"] = around((y + pad["pad_top"], x + pad["pad_left"]), found["crop_coords"], size)
        return found


def around(centre: tuple[int, int], box: Box, size: tuple[int, int]) -> Box:
    """``box`` moved so that ``centre`` (y, x) is in its middle, as far as an image of ``size`` (H, W) allows."""
    left, top, right, bottom = box
    height, width = bottom - top, right - left
    top = min(max(centre[0] - height // 2, 0), size[0] - height)
    left = min(max(centre[1] - width // 2, 0), size[1] - width)
    return left, top, left + width, top + height


class RandomCrop(_Centred, A.RandomCrop):
    """``albumentations.RandomCrop``, centred on ``rare`` if it is given."""


class RandomSizedCrop(_Centred, A.RandomSizedCrop):
    """``albumentations.RandomSizedCrop``, centred on ``rare`` if it is given."""


class RandomResizedCrop(_Centred, A.RandomResizedCrop):
    """``albumentations.RandomResizedCrop``, centred on ``rare`` if it is given."""


CENTRED_CROPS: dict[str, Any] = {crop.__name__: crop for crop in (RandomCrop, RandomSizedCrop, RandomResizedCrop)}
"""The centred crops by albumentations' names."""
