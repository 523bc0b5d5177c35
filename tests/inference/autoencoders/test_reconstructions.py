"""PCA against NumPy's singular values, quality by hand."""

import numpy as np
import pytest
import torch

from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.reconstructions import (
    PCA,
    as_floats,
    compare_with_pca,
    encode,
    has_vector_latent,
    quality,
    reconstruct,
)
from segnet.nn.autoencoders import build_autoencoder

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 1, 12, 12), np.uint8)


def test_pca_is_the_truncated_singular_value_decomposition() -> None:
    pca = PCA(IMAGES, 5)
    x = as_floats(IMAGES).reshape(40, -1)
    mean = x.mean(0)
    directions = np.linalg.svd(x - mean, full_matrices=False)[2][:5]
    expected = ((x - mean) @ directions.T @ directions + mean).clip(0, 1)
    np.testing.assert_allclose(pca.decode(pca.encode(IMAGES)).reshape(40, -1), expected, atol=1e-4)


def test_quality_of_a_constant_error() -> None:
    reference = np.full((2, 1, 12, 12), 51, np.uint8)
    row = quality("brighter", as_floats(reference) + np.float32(0.1), reference)
    assert row.mse == pytest.approx(0.01, rel=1e-4)
    assert row.psnr == pytest.approx(20, rel=1e-4)
    # Flat images: only the luminance term of SSIM is left.
    assert row.ssim == pytest.approx((2 * 0.2 * 0.3 + 1e-4) / (0.2**2 + 0.3**2 + 1e-4), rel=1e-3)


def test_equal_images_have_a_finite_quality() -> None:
    assert quality("same", as_floats(IMAGES), IMAGES).psnr == 100


@pytest.mark.parametrize(
    ("name", "arguments", "is_vector"),
    [
        ("dense_autoencoder", {"widths": [3]}, True),
        ("variational_autoencoder", {"widths": [4], "latent_size": 3}, True),
        ("convolutional_autoencoder", {"widths": [4], "latent_size": 3}, True),
        ("convolutional_autoencoder", {"widths": [4], "latent_size": None}, False),
        ("pooling_index_autoencoder", {}, False),
    ],
)
def test_each_kind_of_latent_is_compared_as_it_can_be(name: str, arguments: dict[str, object], is_vector: bool) -> None:
    network = build_autoencoder(name, (1, 12, 12), **arguments).eval()
    assert has_vector_latent(network, (1, 12, 12)) == is_vector
    restored = reconstruct(network, IMAGES)
    assert restored.shape == IMAGES.shape
    np.testing.assert_array_equal(restored, reconstruct(network, IMAGES))
    rows, pca = compare_with_pca(network, Images(IMAGES), Images(IMAGES[:8]))
    assert (pca is not None) == is_vector
    assert len(rows) == 1 + is_vector
    if is_vector:
        assert encode(network, IMAGES).shape == (40, 3)


def test_a_batch_boundary_changes_nothing() -> None:
    network = build_autoencoder("dense_autoencoder", (1, 4, 4), widths=[3]).eval()
    images = RNG.integers(0, 256, (300, 1, 4, 4), np.uint8)
    with torch.no_grad():
        whole = network(torch.from_numpy(as_floats(images))).numpy()
    np.testing.assert_allclose(reconstruct(network, images), whole, atol=1e-6)
