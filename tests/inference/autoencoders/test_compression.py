"""Rates count real bytes, and what is measured is what the bytes decode to."""

import numpy as np
import pytest

from segnet.config import DataConfig
from segnet.datasets.small_images.images import Images
from segnet.datasets.small_images.load import load_images
from segnet.inference.autoencoders.compression import JPEG_QUALITIES, Quantiser, coded, in_file, rate_distortion, tile
from segnet.inference.autoencoders.reconstructions import PCA, as_floats
from segnet.nn.autoencoders import build_autoencoder

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(7, 1, 28, 28), (4, 3, 16, 20), (1, 1, 5, 5)])
def test_tiles_come_out_as_they_went_in(shape: tuple[int, int, int, int]) -> None:
    images = RNG.integers(0, 256, shape, np.uint8)
    mosaic, take_out = tile(images)
    assert mosaic.shape[0] % 16 == mosaic.shape[1] % 16 == 0
    np.testing.assert_array_equal(take_out(mosaic), images)


def test_quantising_errs_by_half_a_step_at_most() -> None:
    latents = RNG.normal(size=(200, 3)).astype(np.float32)
    quantiser = Quantiser(latents, bits=4)
    symbols = quantiser.quantise(latents)
    assert symbols.min() == 0
    assert symbols.max() == 15
    error = np.abs(quantiser.restore(symbols) - latents)
    assert (error <= quantiser.step / 2 + 1e-6).all()
    assert [table.sum() for table in quantiser.frequencies] == [200 + 16] * 3


def test_a_latent_of_pixels_costs_its_bits_and_loses_its_steps() -> None:
    images = RNG.integers(0, 256, (50, 1, 4, 4), np.uint8)
    latents = as_floats(images).reshape(50, -1)
    point = coded("pixels", latents, latents, lambda c: c.reshape(-1, 1, 4, 4), images, bits=3)
    assert point.bits_per_pixel == pytest.approx(3, abs=0.2)
    # A uniform error within a step of an eighth has variance 1 / (12 * 64).
    assert point.psnr == pytest.approx(-10 * np.log10(1 / 768), abs=0.7)


@pytest.mark.parametrize(("suffix", "channels"), [(".jpg", 1), (".jpg", 3), (".webp", 1), (".webp", 3)])
def test_files_of_higher_quality_are_larger_and_closer(suffix: str, channels: int) -> None:
    import cv2

    option = cv2.IMWRITE_JPEG_QUALITY if suffix == ".jpg" else cv2.IMWRITE_WEBP_QUALITY
    ramp = np.linspace(0, 255, 32 * 32).reshape(1, 1, 32, 32) + RNG.normal(0, 8, (6, channels, 32, 32))
    images = ramp.clip(0, 255).astype(np.uint8)
    low, high = (in_file("file", suffix, option, quality, images) for quality in (5, 90))
    assert low.bits_per_pixel < high.bits_per_pixel
    assert 20 < low.psnr < high.psnr


def test_every_method_is_measured() -> None:
    digits = load_images(DataConfig(name="digits"), "val")
    train, val = Images(digits.pixels[:100]), Images(digits.pixels[100:130])
    network = build_autoencoder("dense_autoencoder", (1, 28, 28), widths=[4]).eval()
    points = rate_distortion(network, PCA(train.pixels, 4), train, val, [2, 4])
    assert [point.method for point in points] == (
        ["autoencoder"] * 2 + ["PCA"] * 2 + ["JPEG"] * len(JPEG_QUALITIES) + ["WebP"] * len(JPEG_QUALITIES)
    )
    coarse, fine = points[2:4]
    assert coarse.bits_per_pixel < fine.bits_per_pixel < 4 * 4 / 784 + 0.02
    assert coarse.psnr < fine.psnr
