"""Cars: a body and a cabin of lit faces, windows, wheels, lamps."""

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import ArrayLike, NDArray

from segnet.datasets.classes import CAMVID

from .canvas import Canvas, cross
from .objects import cast_shadow
from .street import Thing

CAR = CAMVID.names.index("Car")
PAINTS = (
    (0.7, 0.1, 0.1),
    (0.1, 0.2, 0.5),
    (0.82, 0.82, 0.8),
    (0.1, 0.1, 0.11),
    (0.5, 0.52, 0.55),
    (0.2, 0.32, 0.25),
    (0.75, 0.7, 0.5),
)
GLASS = np.array([0.1, 0.13, 0.16])
WHEEL = ((1.0, (0.05, 0.05, 0.055)), (0.6, (0.55, 0.55, 0.57)), (0.2, (0.2, 0.2, 0.2)))
"""Radii, as shares of the tyre's, and colours of tyre, rim and hub."""
FAR = 25.0
"""From so many metres on, rims and hubs are smaller than two pixels."""


class _Body:
    """A car's own axes: right, up, ahead in metres from the middle of its ground."""

    def __init__(self, canvas: Canvas, thing: Thing, time: float) -> None:
        self.canvas = canvas
        x, z = thing.at(time)
        cos, sin = np.cos(thing.heading), np.sin(thing.heading)
        self.place, self.turn = np.array([x, 0, z]), np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])

    def to_street(self, points: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(np.asarray(points, np.float64) @ self.turn + self.place)

    def face(self, points: ArrayLike, color: ArrayLike) -> bool:
        """Fill a face if it points to the camera. Seen from outside, its corners run clockwise."""
        corners = self.to_street(points)
        normal = cross(corners[1] - corners[0], corners[2] - corners[0])
        normal /= np.linalg.norm(normal)
        if (np.asarray(self.canvas.camera.position) - corners[0]) @ normal <= 0:
            return False
        self.canvas.polygon(corners, color, CAR, normal)
        return True


def draw_car(canvas: Canvas, thing: Thing, time: float) -> None:
    """A saloon, an estate or a van by its seed."""
    rng = Generator(PCG64(thing.seed))
    body = _Body(canvas, thing, time)
    paint = np.array(PAINTS[rng.integers(len(PAINTS))]) * rng.uniform(0.8, 1.1)
    half, length = rng.uniform(0.82, 0.92), rng.uniform(1.9, 2.25)
    kind = rng.integers(3)
    roof, waist = [1.42, 1.5, 1.95][kind], [0.88, 0.9, 1.05][kind]
    rear, rear_top = [(-0.72, -0.4), (-0.98, -0.8), (-0.99, -0.95)][kind]
    front, front_top = [(0.5, 0.12), (0.5, 0.15), (0.75, 0.5)][kind]
    hull = _box(half, 0.25, half, waist, -length, length, -length * 0.98, length * 0.95)
    ends = (rear * length, front * length, rear_top * length, front_top * length)
    cabin = _box(half * 0.97, waist, half * 0.74, roof, *ends)
    cast_shadow(canvas, body.to_street([*hull["top"], *cabin["top"], *hull["bottom"]]))
    canvas.darken(
        body.to_street([(-half, 0, -length), (half, 0, -length), (half, 0, length), (-half, 0, length)]), 0.75
    )
    for side in (-1, 1):
        for ahead in (-0.62, 0.62):
            _wheel(body, side * half * 0.96, ahead * length, 0.33)
    for face in ("left", "right", "back", "front", "top"):
        body.face(hull[face], paint)
    _ends(body, half, length, waist)
    for side in (-1, 1):
        for ahead in (-0.62, 0.62):
            _wheel(body, side * (half + 0.01), ahead * length, 0.33)
    for face in ("left", "right", "back", "front"):
        if body.face(cabin[face], paint * 0.85):
            body.face(_inset(cabin[face], 0.12), GLASS + 0.25 * canvas.light.horizon)
            body.face(_inset(cabin[face], 0.12)[[0, 1, 2]], GLASS + 0.12 * canvas.light.horizon)
    body.face(cabin["top"], paint)


def _box(
    half: float, low: float, half_top: float, high: float, back: float, front: float, back_top: float, front_top: float
) -> dict[str, NDArray[np.float64]]:
    """Faces of a box whose upper side may have another size. Seen from outside, corners run clockwise."""
    a, b, c, d = (-half, low, back), (half, low, back), (half, low, front), (-half, low, front)
    e, f = (-half_top, high, back_top), (half_top, high, back_top)
    g, h = (half_top, high, front_top), (-half_top, high, front_top)
    faces = {"back": (a, e, f, b), "right": (b, f, g, c), "front": (c, g, h, d), "left": (d, h, e, a)}
    return {name: np.array(face) for name, face in {**faces, "top": (e, h, g, f), "bottom": (a, b, c, d)}.items()}


def _inset(face: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    middle = face.mean(0)
    return np.asarray(middle + (face - middle) * (1 - share * np.array([1.0, 1.6, 1.0])))


def _wheel(body: _Body, side: float, ahead: float, radius: float) -> None:
    """Tyre and rim on one side, clockwise as seen from that side."""
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False) * np.sign(side)
    circle = np.column_stack([np.zeros(16), np.sin(angle), -np.cos(angle)])
    for share, color in WHEEL if body.canvas.camera.depth(body.place) < FAR else WHEEL[:1]:
        body.face((side, radius, ahead) + share * radius * circle, color)


def _ends(body: _Body, half: float, length: float, waist: float) -> None:
    """Lamps, bumpers and number plates: red lamps and a yellow plate at the back, clear ones in front."""
    for end, lamp, plate in ((-1, (0.85, 0.06, 0.05), (0.9, 0.78, 0.2)), (1, (0.95, 0.95, 0.9), (0.85, 0.85, 0.85))):
        z = end * (length + 0.01)
        for left, right, low, high, color in (
            (-half, half, 0.25, 0.42, (0.12, 0.12, 0.13)),
            (-half, -half * 0.62, waist - 0.3, waist - 0.1, lamp),
            (half * 0.62, half, waist - 0.3, waist - 0.1, lamp),
            (-0.28, 0.28, 0.48, 0.6, plate),
        ):
            corners = np.array([(left, low, z), (left, high, z), (right, high, z), (right, low, z)])
            body.face(corners if end < 0 else corners[::-1], color)
