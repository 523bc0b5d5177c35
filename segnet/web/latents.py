"""``/api/autoencoders``: an image to its latent and back, and the plane of a variational autoencoder's latents."""

import math
from functools import lru_cache
from typing import Annotated

import cv2
import numpy as np
import torch
from fastapi import APIRouter
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from torch import Tensor

from segnet.config import DataConfig
from segnet.datasets.image_files import Pixels
from segnet.datasets.small_images.images import Images
from segnet.datasets.small_images.load import load_images
from segnet.nn.autoencoders.variational import Variational, VariationalAutoencoder
from segnet.web.images import data_url, png
from segnet.web.models import Autoencoder, Models
from segnet.web.problems import RefusedError, documented
from segnet.web.worker import Worker

SLIDERS = 64
"""Larger latents get no sliders."""
SAMPLES = 30
"""Digits to pick from."""
GRID = 15
"""Decoded latents along each side of the plane."""
REACH = 3.0
"""The plane reaches so many deviations from the middle: 99.7 % of the prior."""
ENLARGED = 8
"""Pixels on the page for each pixel of the image, so that it is sharp on every screen."""

Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class GivenPixels(BaseModel):
    """An image: C · H · W numbers in 0–1, row by row, one channel after the other."""

    pixels: list[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]] = Field(min_length=1, max_length=50_000)


class Latent(BaseModel):
    """The latent of an image."""

    latent: list[Number] = Field(min_length=1, max_length=SLIDERS)


class Encoded(BaseModel):
    """An image, its reconstruction, and the latent between them (null if it has more than 64 numbers)."""

    latent: list[float] | None
    image: str
    reconstruction: str
    squared_error: float


class Decoded(BaseModel):
    """The decoder's image as a PNG data URL."""

    image: str


class Plane(BaseModel):
    """Decoded images on a grid over the first two latent numbers, and the places of the digits."""

    reach: float
    image: str
    places: list[tuple[float, float]]
    labels: list[str]


class AutoencoderAnswer(BaseModel):
    """The input of an autoencoder, digits to try, and the range of each latent number."""

    shape: tuple[int, int, int]
    samples: list[list[float]]
    labels: list[str]
    ranges: list[tuple[float, float]] | None = Field(description="null where the latent has no numbers to move")
    plane: Plane | None = Field(description="of a variational autoencoder")


@lru_cache(maxsize=1)
def val_digits() -> Images:
    return load_images(DataConfig(name="digits"), "val")


def digits_like(shape: tuple[int, int, int]) -> Tensor:
    """The val digits as images of ``shape``, ``(N, C, H, W)`` float in 0–1."""
    channels, height, width = shape
    pixels = val_digits().pixels[:, 0]
    resized = np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in pixels])
    images = torch.from_numpy(resized).float().div(255).unsqueeze(1)
    return images.expand(-1, channels, -1, -1)


@torch.inference_mode()
def encode(autoencoder: Autoencoder, images: Tensor) -> Tensor | None:
    """Latents ``(N, ...)``; None if the network passes pooling codes too."""
    latent_of = getattr(autoencoder.network, "encode", None)
    latents: Tensor | None = latent_of(images) if latent_of else None
    return latents


def few_numbers(latents: Tensor | None) -> Tensor | None:
    """Latents ``(N, numbers)`` if they are few enough for sliders, else None."""
    return latents if latents is not None and latents.ndim == 2 and latents.shape[1] <= SLIDERS else None


@torch.inference_mode()
def decode(autoencoder: Autoencoder, latents: Tensor) -> Tensor:
    """Images ``(N, C, H, W)`` of latents ``(N, numbers)``."""
    images: Tensor = autoencoder.network.decode(latents)  # type: ignore[operator]
    return images.view(-1, *autoencoder.shape)


@torch.inference_mode()
def reconstruct(autoencoder: Autoencoder, image: Tensor, latent: Tensor | None) -> Tensor:
    """The reconstruction of an image ``(1, C, H, W)``."""
    if latent is not None:
        return decode(autoencoder, latent)
    output = autoencoder.network(image)
    image = output.reconstruction if isinstance(output, Variational) else output
    return image.view(-1, *autoencoder.shape)


def image_url(image: Tensor) -> str:
    """``(C, H, W)`` float in 0–1 as a PNG."""
    return data_url(png(as_bytes(image)))


def as_bytes(image: Tensor) -> Pixels:
    pixels = image.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    pixels = np.repeat(np.repeat(pixels, ENLARGED, 0), ENLARGED, 1)
    return np.asarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels, np.uint8)


def describe(autoencoder: Autoencoder) -> AutoencoderAnswer:
    images = digits_like(autoencoder.shape)
    latents = few_numbers(encode(autoencoder, images))
    chosen = one_of_each_in_turn(val_digits().labels)[:SAMPLES]
    names = val_digits().class_names
    labels = [names[label] for label in np.asarray(val_digits().labels)]
    ranges = None
    if latents is not None:
        low, high = latents.amin(0), latents.amax(0)
        # A number that is never active still gets a slider that moves.
        ranges = [(float(a), float(max(b, a + 1))) for a, b in zip(low, high, strict=True)]
    is_plane = isinstance(autoencoder.network, VariationalAutoencoder) and latents is not None and latents.shape[1] > 1
    return AutoencoderAnswer(
        shape=autoencoder.shape,
        samples=[images[index].flatten().tolist() for index in chosen],
        labels=[labels[index] for index in chosen],
        ranges=ranges,
        plane=plane(autoencoder, latents, labels) if is_plane and latents is not None else None,
    )


def one_of_each_in_turn(labels: NDArray[np.int64] | None) -> list[int]:
    """Indices in an order in which the labels take turns: 0 1 … 9 0 1 … 9."""
    assert labels is not None
    turns = np.zeros(len(labels), int)
    for label in np.unique(labels):
        own = labels == label
        turns[own] = np.arange(own.sum())
    order: list[int] = np.lexsort((labels, turns)).tolist()
    return order


def plane(autoencoder: Autoencoder, latents: Tensor, labels: list[str]) -> Plane:
    """The first number grows from left to right, the second falls from top to bottom, and all others are 0."""
    steps = torch.linspace(-REACH, REACH, GRID)
    grid = torch.zeros(GRID * GRID, latents.shape[1])
    grid[:, 0], grid[:, 1] = steps.repeat(GRID), steps.flip(0).repeat_interleave(GRID)
    channels, height, width = autoencoder.shape
    images = decode(autoencoder, grid).view(GRID, GRID, channels, height, width)
    tiled = images.permute(2, 0, 3, 1, 4).reshape(channels, GRID * height, GRID * width)
    pixels = tiled.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return Plane(
        reach=REACH,
        image=data_url(png(pixels[..., 0] if channels == 1 else pixels)),
        places=[(float(x), float(y)) for x, y in latents[:, :2]],
        labels=labels,
    )


def latent_image(autoencoder: Autoencoder, given: GivenPixels) -> Encoded:
    if len(given.pixels) != math.prod(autoencoder.shape):
        raise RefusedError(400, f"pixels: {len(given.pixels)} numbers, but the images are {autoencoder.shape}")
    image = torch.tensor(given.pixels).view(1, *autoencoder.shape)
    latent = encode(autoencoder, image)
    back = reconstruct(autoencoder, image, latent)
    return Encoded(
        latent=None if few_numbers(latent) is None or latent is None else latent[0].tolist(),
        image=image_url(image[0]),
        reconstruction=image_url(back[0]),
        squared_error=float((back - image).square().mean()),
    )


def decode_latent(autoencoder: Autoencoder, given: Latent) -> Decoded:
    known = few_numbers(encode(autoencoder, torch.zeros(1, *autoencoder.shape)))
    if known is None:
        raise RefusedError(400, f"this autoencoder has no latent of up to {SLIDERS} numbers")
    if known.shape[1] != len(given.latent):
        raise RefusedError(400, f"latent: {len(given.latent)} numbers, this autoencoder's has {known.shape[1]}")
    return Decoded(image=image_url(decode(autoencoder, torch.tensor([given.latent]))[0]))


def latents_router(models: Models, worker: Worker) -> APIRouter:
    router = APIRouter(prefix="/api/autoencoders", tags=["autoencoders"])

    @router.get("/{name}", responses=documented(404, 422, 503, 504), summary="Digits to try, ranges, plane")
    async def autoencoder(name: str) -> AutoencoderAnswer:
        chosen = models.autoencoder(name)
        return await worker.run(lambda: describe(chosen))

    @router.post("/{name}/encode", responses=documented(400, 404, 422, 503, 504), summary="Latent and reconstruction")
    async def encode_image(name: str, given: GivenPixels) -> Encoded:
        chosen = models.autoencoder(name)
        return await worker.run(lambda: latent_image(chosen, given))

    @router.post("/{name}/decode", responses=documented(400, 404, 422, 503, 504), summary="The image of a latent")
    async def decode_image(name: str, given: Latent) -> Decoded:
        chosen = models.autoencoder(name)
        return await worker.run(lambda: decode_latent(chosen, given))

    return router
