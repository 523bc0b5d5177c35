"""Damage for an autoencoder to undo: noise for denoising, holes for inpainting."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segnet.config import CorruptionConfig

from .images import Images

HOLE = 127
"""The grey of a hole. It is far from a digit's black and white, and does not mark a colour in a frame."""


class Corrupted(NamedTuple):
    """A damaged image (C, H, W) uint8, and its missing pixels (H, W) bool."""

    image: NDArray[np.uint8]
    hole: NDArray[np.bool_]


def corrupt(image: NDArray[np.uint8], name: str, strength: float, draw: np.random.Generator) -> Corrupted:
    """Damage an image (C, H, W) uint8.

    Args:
        image: it is not changed.
        name: ``gaussian`` adds noise with a standard deviation of ``strength * 255``; ``salt_and_pepper`` turns a share
            of the pixels black or white; ``rectangles`` and ``scribbles`` grey out at least a share of the pixels.
        strength: see ``name``, in 0–1.
        draw: the source of all randomness.
    """
    height, width = image.shape[1:]
    whole = np.zeros((height, width), bool)
    if name == "gaussian":
        noisy = image + draw.normal(0, 255 * strength, image.shape)
        return Corrupted(noisy.round().clip(0, 255).astype(np.uint8), whole)
    if name == "salt_and_pepper":
        struck = draw.random((height, width)) < strength
        return Corrupted(np.where(struck, 255 * draw.integers(0, 2, (height, width)), image).astype(np.uint8), whole)
    hole = holes(height, width, name == "scribbles", strength, draw)
    return Corrupted(np.where(hole, np.uint8(HOLE), image), hole)


def holes(height: int, width: int, scribbled: bool, share: float, draw: np.random.Generator) -> NDArray[np.bool_]:
    """Rectangles, or pen strokes of four joints, until they cover ``share`` of the pixels."""
    hole = np.zeros((height, width), np.uint8)
    size = np.array([width, height])
    while hole.mean() < share:
        if scribbled:
            joints = (draw.random((4, 2)) * size).astype(np.int32)
            cv2.polylines(hole, [joints], False, 1, thickness=max(1, min(height, width) // 16))
        else:
            side = (draw.uniform(0.1, 0.4, 2) * size).astype(int) + 1
            x, y = draw.integers(0, size - side, endpoint=True)
            hole[y : y + side[1], x : x + side[0]] = 1
    return hole.astype(bool)


class CorruptedImages:
    """The training loop's data set of small images: clean image, input of the network, and label if there is one.

    Args:
        images: the clean images.
        corruptions: each sample draws one, and one of its strengths, from (seed, epoch, index); empty: no damage.
        seed: the run's.
    """

    def __init__(self, images: Images, corruptions: Sequence[CorruptionConfig], seed: int) -> None:
        self.images, self.seed = images, seed
        self.choices = [(corruption.name, strength) for corruption in corruptions for strength in corruption.strengths]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        """``image`` and ``input`` uint8 (C, H, W), ``index`` and, if there are labels, ``label``."""
        epoch, index = key
        clean = self.images.pixels[index]
        seen = clean
        if self.choices:
            draw = np.random.Generator(np.random.PCG64([self.seed, epoch, index]))
            name, strength = self.choices[draw.integers(len(self.choices))]
            seen = corrupt(clean, name, strength, draw).image
        sample = {"image": torch.from_numpy(clean), "input": torch.from_numpy(seen), "index": index, "epoch": epoch}
        if self.images.labels is not None:
            sample["label"] = int(self.images.labels[index])
        return sample


def collate(samples: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Samples of :class:`CorruptedImages` with the batch as their first axis."""
    return {
        key: torch.stack([sample[key] for sample in samples])
        if isinstance(samples[0][key], Tensor)
        else torch.tensor([sample[key] for sample in samples])
        for key in samples[0]
    }
