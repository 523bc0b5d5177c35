"""Reconstruction by an autoencoder, compared with PCA, the best linear autoencoder."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segnet.datasets.small_images.images import Images
from segnet.metrics.image_quality import psnr, ssim

BATCH = 256

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Quality(NamedTuple):
    """How close a method's images are to the true ones: means over the images.

    Attributes:
        method: its name.
        mse: mean squared error of pixels in 0–1.
        psnr: in dB.
        ssim: structural similarity.
    """

    method: str
    mse: float
    psnr: float
    ssim: float


def as_floats(pixels: Pixels) -> Floats:
    """uint8 to float32 in 0–1."""
    return np.asarray(pixels, np.float32) / np.float32(255)


def quality(method: str, images: Floats, reference: Pixels) -> Quality:
    """Compare images (N, C, H, W) float in 0–1 with the uint8 ones that they should be."""
    ours, true = torch.from_numpy(images), torch.from_numpy(reference).float() / 255
    return Quality(
        method,
        float((ours - true).square().mean()),
        # Equal images have no PSNR. 100 dB is less than the error of a float and keeps means finite.
        float(psnr(ours, true).clamp(max=100).mean()),
        float(ssim(ours, true).mean()),
    )


@torch.no_grad()
def apply(function: Callable[[Tensor], Tensor], array: NDArray[Any]) -> Floats:
    """Apply a network's function to an array in batches; uint8 images are scaled to 0–1."""
    results = []
    for start in range(0, len(array), BATCH):
        x = torch.from_numpy(array[start : start + BATCH])
        results.append(function(x.float() / 255 if x.dtype == torch.uint8 else x).numpy())
    return np.concatenate(results)


def reconstruct(network: nn.Module, images: Pixels) -> Floats:
    """(N, C, H, W) uint8 to float, clipped to 0–1. A variational autoencoder decodes the mean latent."""
    if hasattr(network, "distribution"):
        return apply(lambda x: network.decode(network.encode(x)), images)  # type: ignore[operator]
    return apply(network, images).clip(0, 1)


def encode(network: nn.Module, images: Pixels) -> Floats:
    """Latents (N, numbers), feature maps flattened."""
    latents = apply(network.encode, images)  # type: ignore[arg-type]
    return latents.reshape(len(latents), -1)


def has_vector_latent(network: nn.Module, shape: Sequence[int]) -> bool:
    """Whether the latent is one vector, and not feature maps with pooling codes."""
    if not hasattr(network, "encode"):
        return False
    with torch.no_grad():
        return bool(network.encode(torch.zeros(1, *shape)).ndim == 2)  # type: ignore[operator]


class PCA:
    """Principal components of training images (scikit-learn's, full decomposition).

    Args:
        images: training images, (N, C, H, W) uint8.
        components: size of the latent.
    """

    def __init__(self, images: Pixels, components: int) -> None:
        from sklearn import decomposition

        self.shape = images.shape[1:]
        self.components = min(components, len(images), int(np.prod(self.shape)))
        self.analysis = decomposition.PCA(self.components, svd_solver="covariance_eigh")
        self.analysis.fit(vectors(images))

    def encode(self, images: Pixels) -> Floats:
        latents: Floats = self.analysis.transform(vectors(images)).astype(np.float32)
        return latents

    def decode(self, latents: Floats) -> Floats:
        images: Floats = self.analysis.inverse_transform(latents).astype(np.float32)
        return images.reshape(-1, *self.shape).clip(0, 1)


def vectors(images: Pixels) -> Floats:
    """(N, C, H, W) uint8 to (N, C * H * W) float in 0–1."""
    return as_floats(images).reshape(len(images), -1)


def compare_with_pca(network: nn.Module, train: Images, val: Images) -> tuple[list[Quality], PCA | None]:
    """The quality of the network on ``val``, and of PCA with a latent of the same size if that is possible."""
    rows = [quality("autoencoder", reconstruct(network, val.pixels), val.pixels)]
    if not has_vector_latent(network, val.shape):
        return rows, None
    numbers = encode(network, val.pixels[:1]).shape[1]
    pca = PCA(train.pixels, numbers)
    rows.append(quality(f"PCA, {pca.components} components", pca.decode(pca.encode(val.pixels)), val.pixels))
    return rows, pca
