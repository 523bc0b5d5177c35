"""Square patches of street frames: natural images without labels."""

import cv2
import numpy as np

from segnet.config import DataConfig
from segnet.errors import UserError

from ..load import load_for_one_pass
from .images import Images

PATCHES_PER_FRAME = 16


def load_patches(data: DataConfig, split: str) -> Images:
    """Cut patches at fixed random places from every frame of a split.

    Args:
        data: ``patch_size``, ``patch_color`` and ``root``, a folder in CamVid's layout; None: the sample scenes, which
            are drawn first if they do not exist.
        split: a split of the frames.

    Returns:
        (16 × frames, C, patch_size, patch_size), C 3 (RGB) with ``patch_color``, else 1.

    Raises:
        UserError: the frames are missing, or smaller than a patch.
    """
    frames = load_for_one_pass(data.model_copy(update={"name": "camvid" if data.root else "scenes"}), split)
    side = data.patch_size
    patches = []
    for index in range(len(frames)):
        sample = frames[index]
        frame, name = sample.image, sample.name
        height, width = frame.shape[:2]
        if min(height, width) < side:
            raise UserError(f"{name}: the frame is {width}×{height} pixels; lower data.patch_size, which is {side}")
        if not data.patch_color:
            frame = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]
        draw = np.random.Generator(np.random.PCG64(index))
        rows = draw.integers(0, height - side, PATCHES_PER_FRAME, endpoint=True)
        columns = draw.integers(0, width - side, PATCHES_PER_FRAME, endpoint=True)
        patches += [frame[y : y + side, x : x + side] for y, x in zip(rows, columns, strict=True)]
    return Images(np.ascontiguousarray(np.stack(patches).transpose(0, 3, 1, 2)))
