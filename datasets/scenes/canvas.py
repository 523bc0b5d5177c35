"""A canvas: an image and its mask, drawn together from back to front."""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .camera import Camera, Floats
from .light import Light

SUBPIXEL = 4
"""Fractional bits for OpenCV's polygon filling."""


class Canvas:
    """An image (H, W, 3) float32 in linear-looking 0–1 and a mask (H, W) uint8, as seen by one camera."""

    def __init__(self, camera: Camera, light: Light) -> None:
        self.camera, self.light = camera, light
        self.image = np.zeros((camera.height, camera.width, 3), np.float32)
        self.mask = np.zeros((camera.height, camera.width), np.uint8)

    def polygon(self, corners: ArrayLike, color: ArrayLike, label: int, normal: ArrayLike | None = None) -> None:
        """Fill a flat polygon (N, 3) in metres with one colour, lit by its normal if that is given."""
        if not (seen := self._coverage(corners)):
            return
        rows, columns, inside, depth = seen
        lit = self.light.on(normal) if normal is not None else self.light.around
        shade = self.light.through_haze(np.asarray(color, np.float32) * lit, depth)
        self.image[rows, columns][inside] = shade
        self.mask[rows, columns][inside] = label

    def rectangle(
        self, corner: ArrayLike, across: ArrayLike, up: ArrayLike, texture: Floats, label: int, normal: ArrayLike
    ) -> None:
        """Fill the rectangle from ``corner`` along two vectors, all (3,) in metres, with a texture.

        The texture is (h, w, 3) or (h, w, 4). Pixels whose fourth channel is under one half are cut out.
        """
        corner, across, up = (np.asarray(value, np.float64) for value in (corner, across, up))
        seen = self._coverage([corner, corner + across, corner + across + up, corner + up])
        if not seen:
            return
        rows, columns, inside, _ = seen
        rays = self.camera.rays[rows, columns][inside]
        plane = cross(across, up)
        # The rays were limited to the polygon, so none of them runs along its plane.
        distance = (corner - self.camera.position) @ plane / (rays @ plane)
        offset = rays * distance[:, None] + (np.asarray(self.camera.position) - corner)
        height, width = texture.shape[:2]
        place_x = (offset @ across / (across @ across) * width - 0.5).astype(np.float32)
        place_y = ((1 - offset @ up / (up @ up)) * height - 0.5).astype(np.float32)
        color = _look_up(texture, place_x, place_y)
        depth = distance
        if texture.shape[2] == 4:
            opaque = color[:, 3] >= 0.5
            inside[inside] = opaque
            color, depth = color[opaque, :3], depth[opaque]
        shade = self.light.through_haze(color * self.light.on(normal), depth[:, None])
        self.image[rows, columns][inside] = shade
        self.mask[rows, columns][inside] = label

    def darken(self, corners: ArrayLike, strength: float) -> None:
        """Draw a shadow polygon (N, 3) in metres on the image. The mask stays."""
        if seen := self._coverage(corners):
            rows, columns, inside, _ = seen
            soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.5)
            self.image[rows, columns] *= 1 - strength * soft[..., None]

    def _coverage(self, corners: ArrayLike) -> tuple[slice, slice, NDArray[np.bool_], float] | None:
        """Rows, columns, the pixels there that lie in the polygon (N, 3), and its mean depth."""
        if not (projected := self.camera.project(corners)):
            return None
        pixels, depth = projected
        # Coordinates far outside overflow OpenCV's integers. The polygons are convex enough to be cut there.
        pixels = np.clip(pixels, -8000, 8000)
        left, top = np.maximum(np.floor(pixels.min(0)).astype(int), 0)
        right = min(int(np.ceil(pixels[:, 0].max())) + 1, self.camera.width)
        bottom = min(int(np.ceil(pixels[:, 1].max())) + 1, self.camera.height)
        if left >= right or top >= bottom:
            return None
        inside = np.zeros((bottom - top, right - left), np.uint8)
        fixed = np.round((pixels - (left + 0.5, top + 0.5)) * 2**SUBPIXEL).astype(np.int32)
        cv2.fillPoly(inside, [fixed], 1, shift=SUBPIXEL)
        return slice(top, bottom), slice(left, right), inside.astype(bool), depth


def cross(first: Floats, second: Floats) -> Floats:
    """Cross product of two vectors (3,); NumPy's own takes ten times as long for so few numbers."""
    (a, b, c), (d, e, f) = first.tolist(), second.tolist()
    return np.array([b * f - c * e, c * d - a * f, a * e - b * d])


def _look_up(texture: Floats, place_x: Floats, place_y: Floats) -> Floats:
    """Colours (N, C) of a texture at N positions."""
    if not place_x.size:
        return np.zeros((0, texture.shape[2]), np.float32)
    # OpenCV takes maps with fewer than 2**15 rows and columns.
    pad = -place_x.size % 256
    maps = [np.pad(place, (0, pad)).reshape(-1, 256) for place in (place_x, place_y)]
    found = cv2.remap(texture, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, texture.shape[2])[: place_x.size])
