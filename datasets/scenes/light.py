"""Weather and camera: sun, sky light, haze, shadows, exposure, noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from .camera import Floats


@dataclass(frozen=True)
class Light:
    """The lighting of a scene.

    Attributes:
        sun: unit vector (3,) towards the sun.
        sun_color, around: RGB (3,) of direct light and of light from all sides.
        zenith, horizon: RGB (3,) of the sky.
        haze: metres after which 63 % of a colour is the horizon's.
        clouds: share of the sky under clouds, 0–1.
        exposure: factor on all brightness.
    """

    sun: Floats
    sun_color: Floats
    around: Floats
    zenith: Floats
    horizon: Floats
    haze: float
    clouds: float
    exposure: float

    def on(self, normal: ArrayLike) -> Floats:
        """RGB light (3,) on a surface with this unit normal."""
        return self.around + self.sun_color * max(0.0, float(np.asarray(normal) @ self.sun))

    def through_haze(self, color: Floats, depth: ArrayLike) -> Floats:
        """A colour (..., 3) as seen from ``depth`` metres, (...,) or one number."""
        clear = np.exp(-np.asarray(depth, np.float32) / self.haze)
        return np.asarray(color * clear + self.horizon * (1 - clear), np.float32)

    @property
    def shadow(self) -> float:
        """Share of the light that a shadow takes from the road."""
        direct = float(self.sun_color.mean() * max(self.sun[1], 0.2))
        return direct / (direct + float(self.around.mean()))


def draw_light(rng: Generator) -> Light:
    """Sun, overcast sky or dusk."""
    weather = rng.choice(["sun", "overcast", "dusk"], p=[0.5, 0.3, 0.2])
    azimuth, elevation = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.1)
    warm = rng.uniform(-0.06, 0.06)
    tint = np.array([1 + warm, 1, 1 - warm])
    if weather == "sun":
        sun, around = np.array([1.0, 0.95, 0.85]) * 0.75, np.array([0.42, 0.45, 0.5])
        zenith, horizon = np.array([0.25, 0.45, 0.8]), np.array([0.75, 0.84, 0.95])
        haze, clouds, exposure = rng.uniform(250, 600), rng.uniform(0.1, 0.6), rng.uniform(1.1, 1.4)
    elif weather == "overcast":
        sun, around = np.full(3, 0.1), np.array([0.68, 0.7, 0.73])
        zenith, horizon = np.array([0.72, 0.75, 0.8]), np.array([0.86, 0.88, 0.9])
        haze, clouds, exposure = rng.uniform(120, 350), rng.uniform(0.6, 1), rng.uniform(1.0, 1.25)
    else:
        elevation = rng.uniform(0.15, 0.4)
        sun, around = np.array([1.0, 0.62, 0.35]) * 0.5, np.array([0.34, 0.34, 0.42])
        zenith, horizon = np.array([0.32, 0.36, 0.55]), np.array([0.9, 0.68, 0.52])
        haze, clouds, exposure = rng.uniform(150, 350), rng.uniform(0.2, 0.7), rng.uniform(1.3, 1.7)
    direction = [np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)]
    sun, around, zenith, horizon = sun * tint, around * tint, zenith * tint, horizon * tint
    single = np.float32
    return Light(
        sun=np.array(direction, single),
        sun_color=sun.astype(single),
        around=around.astype(single),
        zenith=zenith.astype(single),
        horizon=horizon.astype(single),
        haze=haze,
        clouds=clouds,
        exposure=exposure,
    )


def develop(image: Floats, light: Light, rng: Generator) -> NDArray[np.uint8]:
    """An image as from a small camera, (H, W, 3) uint8: exposure, vignette, slight blur, noise."""
    height, width = image.shape[:2]
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    vignette = (1 - 0.12 * (x * x + y * y))[..., None].astype(np.float32)
    image = np.asarray(cv2.GaussianBlur(image * vignette * light.exposure, (0, 0), 0.45), np.float32)
    noise = rng.standard_normal(image.shape, np.float32)
    image = image + noise * (0.008 + 0.014 * np.sqrt(np.clip(image, 0, 1)))
    return np.asarray(np.clip(image * 255 + 0.5, 0, 255), np.uint8)
