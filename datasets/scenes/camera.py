"""A pinhole camera over the street: x metres to the right, y up from the road, z along the street."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
NEAR = 0.4
"""Things are drawn from so many metres in front of the camera on."""


@dataclass(frozen=True)
class Camera:
    """The camera's position and direction.

    Attributes:
        height, width: the image in pixels.
        position: x, y, z in metres.
        yaw, pitch: radians; positive turns to the right, and down.
        field: focal length ÷ image width.
    """

    height: int
    width: int
    position: tuple[float, float, float] = (1.7, 1.4, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    field: float = 0.85

    @cached_property
    def rotation(self) -> NDArray[np.float64]:
        """(3, 3), from the street's axes to right, up and forward of the camera."""
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        yaw = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
        cos, sin = np.cos(self.pitch), np.sin(self.pitch)
        return np.asarray(np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]]) @ yaw)

    @cached_property
    def rays(self) -> Floats:
        """Directions through the pixels' centres in the street's axes, (H, W, 3), one metre forward."""
        focal = self.field * self.width
        right = (np.arange(self.width) + 0.5 - self.width / 2) / focal
        up = (self.height / 2 - np.arange(self.height) - 0.5) / focal
        ahead = np.stack(np.broadcast_arrays(right[None, :], up[:, None], 1.0), -1)
        return np.asarray(ahead @ self.rotation, np.float32)

    def depth(self, point: ArrayLike) -> float:
        """Distance ahead of the camera of a point (3,), in metres."""
        return float((np.asarray(point) - self.position) @ self.rotation[2])

    def project(self, points: ArrayLike) -> tuple[NDArray[np.float64], float] | None:
        """Corners (N, 3) of a polygon as pixels (M, 2), cut at the near plane, and its mean depth in metres.

        None if no part of it lies ahead.
        """
        seen = _clip((np.asarray(points, np.float64) - self.position) @ self.rotation.T)
        if len(seen) < 3:
            return None
        pixels = seen[:, :2] / seen[:, 2:] * (self.field * self.width)
        return pixels * (1, -1) + (self.width / 2, self.height / 2), float(seen[:, 2].mean())


def _clip(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a polygon (N, 3) beyond the near plane (Sutherland and Hodgman's algorithm)."""
    if points[:, 2].min() >= NEAR:
        return points
    kept = []
    for start, end in zip(points, np.roll(points, -1, 0), strict=True):
        if start[2] >= NEAR:
            kept.append(start)
        if (start[2] >= NEAR) != (end[2] >= NEAR):
            kept.append(start + (end - start) * (NEAR - start[2]) / (end[2] - start[2]))
    return np.array(kept).reshape(-1, 3)
