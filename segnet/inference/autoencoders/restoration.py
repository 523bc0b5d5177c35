"""Denoising and inpainting by an autoencoder, compared with OpenCV's filters on the same images."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import nn

from segnet.config import CorruptionConfig
from segnet.datasets.small_images.corruptions import corrupt
from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.reconstructions import Floats, Pixels, Quality, as_floats, quality, reconstruct

TUNING_IMAGES = 50
"""Training images on which a filter's strength is chosen."""
NLM_STRENGTHS = (3, 6, 12, 20, 30, 45, 60, 80)
MEDIAN_SIDES = (3, 5, 7)
INPAINT_RADIUS = 3

Filter = Callable[[Pixels, Pixels], Pixels]
"""Maps a damaged image (H, W) or (H, W, 3) uint8 and its hole (H, W) uint8 0 or 1 to the restored image."""


class Damaged(NamedTuple):
    """Images (N, C, H, W) uint8 after damage, and their holes (N, H, W) bool."""

    images: Pixels
    holes: NDArray[np.bool_]


class Restoration(NamedTuple):
    """The result for one kind and strength of damage: the val images, and how well each method restores them.

    Attributes:
        corruption: its name.
        strength: as in the config.
        damaged: the val images as the methods see them.
        restored: by the autoencoder, (N, C, H, W) float in 0–1.
        best_filter: name of OpenCV's best, and its images.
        rows: the damaged images themselves, the autoencoder, each filter.
    """

    corruption: str
    strength: float
    damaged: Damaged
    restored: Floats
    best_filter: tuple[str, Floats]
    rows: list[Quality]


def measure_restoration(
    network: nn.Module, corruption: CorruptionConfig, strength: float, train: Images, val: Images
) -> Restoration:
    """Damage the val images once, and let every method restore the same images."""
    damaged = damage(val.pixels, corruption.name, strength, seed=1)
    restored = keep_known(reconstruct(network, damaged.images), damaged)
    rows = [
        quality("damaged", as_floats(damaged.images), val.pixels),
        quality("autoencoder", restored, val.pixels),
    ]
    results = {}
    for name, filters in opencv_filters(corruption.name).items():
        chosen = best_on_training(filters, corruption.name, strength, train)
        results[name] = keep_known(filtered(chosen, damaged), damaged)
        rows.append(quality(name, results[name], val.pixels))
    best = max(rows[2:], key=lambda row: row.psnr).method
    return Restoration(corruption.name, strength, damaged, restored, (best, results[best]), rows)


def damage(pixels: Pixels, name: str, strength: float, seed: int) -> Damaged:
    draws = (np.random.Generator(np.random.PCG64([seed, index])) for index in range(len(pixels)))
    pairs = [corrupt(image, name, strength, draw) for image, draw in zip(pixels, draws, strict=True)]
    return Damaged(np.stack([pair.image for pair in pairs]), np.stack([pair.hole for pair in pairs]))


def keep_known(images: Floats, damaged: Damaged) -> Floats:
    """Take only the pixels of holes from ``images``, since all others are known."""
    if not damaged.holes.any():
        return images
    return np.where(damaged.holes[:, None], images, as_floats(damaged.images))


def opencv_filters(corruption: str) -> dict[str, list[Filter]]:
    """OpenCV's methods for a kind of damage, each with the settings to choose from."""
    if corruption in ("rectangles", "scribbles"):
        return {
            "cv2.inpaint, Telea": [lambda image, hole: inpaint(image, hole, cv2.INPAINT_TELEA)],
            "cv2.inpaint, Navier-Stokes": [lambda image, hole: inpaint(image, hole, cv2.INPAINT_NS)],
        }
    return {
        "median": [lambda image, _, side=side: as_pixels(cv2.medianBlur(image, side)) for side in MEDIAN_SIDES],  # type: ignore[misc]
        "non-local means": [lambda image, _, h=h: non_local_means(image, h) for h in NLM_STRENGTHS],  # type: ignore[misc]
    }


def inpaint(image: Pixels, hole: Pixels, method: int) -> Pixels:
    return as_pixels(cv2.inpaint(image, hole, INPAINT_RADIUS, method))


def non_local_means(image: Pixels, strength: float) -> Pixels:
    if image.ndim == 3:
        return as_pixels(cv2.fastNlMeansDenoisingColored(image, None, strength, strength))
    return as_pixels(cv2.fastNlMeansDenoising(image, None, strength))


def as_pixels(image: object) -> Pixels:
    return np.asarray(image, np.uint8)


def filtered(apply: Filter, damaged: Damaged) -> Floats:
    """A filter on every image, (N, C, H, W) float in 0–1."""

    def restore(pair: tuple[Pixels, NDArray[np.bool_]]) -> Pixels:
        image, hole = pair
        channels_last = np.ascontiguousarray(image.transpose(1, 2, 0))
        result = apply(channels_last[..., 0] if len(image) == 1 else channels_last, hole.astype(np.uint8))
        return result[None] if result.ndim == 2 else result.transpose(2, 0, 1)

    # OpenCV's own threads are off (datasets/augmentation.py), and it lets Python threads run meanwhile.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return as_floats(np.stack(list(pool.map(restore, zip(damaged.images, damaged.holes, strict=True)))))


def best_on_training(filters: list[Filter], corruption: str, strength: float, train: Images) -> Filter:
    """The filter with the highest PSNR on training images. So filters are tuned as fairly as the network."""
    if len(filters) == 1:
        return filters[0]
    clean = train.pixels[:TUNING_IMAGES]
    damaged = damage(clean, corruption, strength, seed=2)
    return max(filters, key=lambda one: quality("", filtered(one, damaged), clean).psnr)
