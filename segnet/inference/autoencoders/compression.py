"""Rate and distortion of quantised, entropy-coded latents, compared with PCA, JPEG and WebP."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import nn

from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.entropy_coding import decode_symbols, encode_symbols
from segnet.inference.autoencoders.reconstructions import PCA, Floats, Pixels, apply, as_floats, encode
from segnet.rounding import ceil_div

JPEG_QUALITIES = (1, 3, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90)
BLOCK = 16
"""JPEG and WebP get each image padded to a multiple of this side, so that no block spans two images."""


class RatePoint(NamedTuple):
    """One setting of a method.

    Attributes:
        method: its name.
        setting: bits for each number, or the file format's quality.
        bits_per_pixel: of the coded val images, all in one stream or file.
        psnr: in dB, of the mean squared error over all val images.
    """

    method: str
    setting: int
    bits_per_pixel: float
    psnr: float


def rate_distortion(network: nn.Module, pca: PCA, train: Images, val: Images, bits: Sequence[int]) -> list[RatePoint]:
    """Points of every method. The decoder's other needs are not counted: weights, components, tables."""

    def decode(latents: Floats) -> Floats:
        return apply(network.decode, latents)  # type: ignore[arg-type]

    ours = encode(network, train.pixels), encode(network, val.pixels)
    theirs = pca.encode(train.pixels), pca.encode(val.pixels)
    points = [coded("autoencoder", *ours, decode, val.pixels, count) for count in bits]
    points += [coded("PCA", *theirs, pca.decode, val.pixels, count) for count in bits]
    points += [in_file("JPEG", ".jpg", cv2.IMWRITE_JPEG_QUALITY, q, val.pixels) for q in JPEG_QUALITIES]
    points += [in_file("WebP", ".webp", cv2.IMWRITE_WEBP_QUALITY, q, val.pixels) for q in JPEG_QUALITIES]
    return points


def coded(
    method: str, train_latents: Floats, latents: Floats, decode: Callable[[Floats], Floats], images: Pixels, bits: int
) -> RatePoint:
    """Round each number to one of ``2**bits`` levels, code all in one stream, and decode that stream again."""
    quantiser = Quantiser(train_latents, bits)
    symbols = quantiser.quantise(latents)
    stream = encode_symbols(symbols.ravel().tolist(), quantiser.frequencies)
    read = np.array(decode_symbols(stream, symbols.size, quantiser.frequencies)).reshape(symbols.shape)
    restored = decode(quantiser.restore(read))
    return RatePoint(method, bits, bits_per_pixel(stream, images), total_psnr(restored, images))


class Quantiser:
    """Equal steps over the range of each latent number on training images, and the frequency of each step."""

    def __init__(self, latents: Floats, bits: int) -> None:
        self.levels = 2**bits
        self.low = latents.min(0)
        self.step = np.maximum(latents.max(0) - self.low, 1e-6) / self.levels
        symbols = self.quantise(latents)
        self.frequencies = [np.bincount(column, minlength=self.levels).astype(np.int64) + 1 for column in symbols.T]

    def quantise(self, latents: Floats) -> NDArray[np.int64]:
        return np.asarray(np.floor((latents - self.low) / self.step).clip(0, self.levels - 1), np.int64)

    def restore(self, symbols: NDArray[np.int64]) -> Floats:
        """The middle of each step."""
        return np.asarray(self.low + (symbols + 0.5) * self.step, np.float32)


def in_file(method: str, suffix: str, option: int, setting: int, images: Pixels) -> RatePoint:
    """Put all images as tiles into one image and file, so that there is one header."""
    mosaic, tiles = tile(images)
    written, data = cv2.imencode(suffix, mosaic[..., ::-1] if mosaic.ndim == 3 else mosaic, [option, setting])
    assert written
    read = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert read is not None
    image = np.asarray(read, np.uint8)
    if image.ndim == 3:
        image = image[..., ::-1] if mosaic.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    restored = as_floats(tiles(image))
    return RatePoint(method, setting, bits_per_pixel(data.tobytes(), images), total_psnr(restored, images))


def tile(images: Pixels) -> tuple[Pixels, Callable[[Pixels], Pixels]]:
    """Put images (N, C, H, W) into a row of tiles, (h, w) or (h, w, 3); also gives the function that takes them out."""
    count, channels, height, width = images.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = ceil_div(count, columns)
    padding = ((0, rows * columns - count), (0, 0), (0, -height % BLOCK), (0, -width % BLOCK))
    filled = np.pad(images, padding, mode="edge")
    h, w = filled.shape[2:]
    mosaic = filled.reshape(rows, columns, channels, h, w).transpose(0, 3, 1, 4, 2).reshape(rows * h, columns * w, -1)

    def take_out(image: Pixels) -> Pixels:
        tiles = image.reshape(rows, h, columns, w, channels).transpose(0, 2, 4, 1, 3).reshape(-1, channels, h, w)
        return tiles[:count, :, :height, :width]

    return np.ascontiguousarray(mosaic[..., 0] if channels == 1 else mosaic), take_out


def bits_per_pixel(data: bytes, images: Pixels) -> float:
    """Bits for each pixel of the images; three channels are one pixel."""
    pixels: int = images[:, 0].size
    return 8 * len(data) / pixels


def total_psnr(restored: Floats, images: Pixels) -> float:
    error: float = np.square(restored - as_floats(images)).mean().item()
    return -10 * math.log10(error)
