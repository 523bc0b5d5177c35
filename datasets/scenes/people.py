"""People on foot and on bicycles, made of limbs that move."""

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import ArrayLike, NDArray

from segnet.datasets.classes import CAMVID

from .canvas import Canvas
from .objects import cast_shadow, upright
from .street import Thing

PEDESTRIAN, BICYCLIST = CAMVID.names.index("Pedestrian"), CAMVID.names.index("Bicyclist")
COATS = ((0.58, 0.1, 0.34), (0.45, 0.1, 0.36), (0.24, 0.12, 0.42), (0.3, 0.16, 0.55))
"""Crimson to violet, unlike any car. Cyclists wear yellow or orange."""
SHIRTS = ((0.8, 0.88, 0.14), (0.95, 0.48, 0.1))
SKINS = ((0.85, 0.66, 0.55), (0.72, 0.52, 0.4), (0.45, 0.3, 0.22), (0.9, 0.74, 0.64))


class _Figure:
    """Limbs of one label in an upright plane that faces the camera. Lengths ahead are shortened by the heading."""

    def __init__(self, canvas: Canvas, thing: Thing, time: float, label: int) -> None:
        self.canvas, self.label = canvas, label
        self.x, self.z = thing.at(time)
        ray = np.arctan2(self.x - canvas.camera.position[0], self.z - canvas.camera.position[2])
        self.ahead = float(np.sin(thing.heading - ray))

    def shape(self, outline: ArrayLike, color: ArrayLike, normal: ArrayLike | None = (-0.5, 0.5, -0.7)) -> None:
        """A flat outline (N, 2) in metres."""
        self.canvas.polygon(upright(self.x, self.z, outline), color, self.label, normal)

    def limb(self, start: tuple[float, float], end: tuple[float, float], thick: float, color: ArrayLike) -> None:
        """A bar with rounded ends between two points (right, up) in metres."""
        first, last = np.array(start), np.array(end)
        along = np.arctan2(*(last - first)[::-1])
        angle = np.linspace(np.pi / 2, 3 * np.pi / 2, 6) + along
        bow = thick / 2 * np.column_stack([np.cos(angle), np.sin(angle)])
        self.shape(np.concatenate([first + bow, last - bow]), color)

    def disc(self, x: float, y: float, wide: float, tall: float, color: ArrayLike) -> None:
        angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        self.shape(np.column_stack([x + wide * np.cos(angle), y + tall * np.sin(angle)]), color)


def draw_person(canvas: Canvas, thing: Thing, time: float) -> None:
    """A walking person, whose legs and arms swing, sometimes with a bag."""
    rng = Generator(PCG64(thing.seed))
    figure = _Figure(canvas, thing, time, PEDESTRIAN)
    size = rng.uniform(0.9, 1.08)
    coat, trousers = _one_of(COATS, rng), np.array([0.11, 0.17, 0.36]) * rng.uniform(0.5, 1.4)
    skin, hair = np.array(SKINS[rng.integers(4)]), rng.uniform(0.05, 0.4) * np.array([1, 0.8, 0.6])
    swing = 0.5 * np.sin(time * 0.7 + rng.uniform(0, 6))
    stride, lean = swing * (0.25 + 0.75 * abs(figure.ahead)), 0.12 * (1 - abs(figure.ahead))
    cast_shadow(canvas, upright(figure.x, figure.z, [(-0.25, 0), (0.25, 0), (0.25, 1.7 * size), (-0.25, 1.7 * size)]))
    for side in (-1, 1):
        foot = (side * (lean + 0.7 * stride), 0.05 + 0.05 * abs(stride))
        figure.limb((side * 0.09, 0.86 * size), foot, 0.19 * size, trousers * (1 if side > 0 else 0.8))
        figure.limb(foot, (foot[0] + 0.14 * figure.ahead, foot[1]), 0.1, (0.05, 0.04, 0.04))
    width = 0.2 + 0.06 * (1 - abs(figure.ahead))
    torso = [(-width * 0.8, 0.8), (width * 0.8, 0.8), (width, 1.38), (width * 0.6, 1.48), (-width * 0.6, 1.48)]
    figure.shape(np.array([*torso, (-width, 1.38)]) * size, coat)
    for side in (-1, 1):
        shoulder, hand = (side * width * 0.95, 1.38 * size), (side * width * 1.15 - 0.5 * side * stride, 0.82 * size)
        figure.limb(shoulder, hand, 0.12 * size, coat * 0.82)
        figure.disc(*hand, 0.05, 0.06, skin)
    if rng.random() < 0.4:
        figure.shape(np.array([(0.2, 0.6), (0.42, 0.6), (0.42, 0.88), (0.2, 0.88)]) * size, coat * 0.6)
    figure.disc(0, 1.6 * size, 0.115, 0.14, skin)
    figure.disc(-0.02 * figure.ahead, 1.66 * size, 0.12, 0.1, hair)


def draw_cyclist(canvas: Canvas, thing: Thing, time: float) -> None:
    """A bicycle, narrow from ahead and wide from the side, and its rider."""
    rng = Generator(PCG64(thing.seed))
    figure = _Figure(canvas, thing, time, BICYCLIST)
    wide = figure.ahead if abs(figure.ahead) > 0.12 else 0.12
    frame, shirt = rng.uniform(0.1, 0.8, 3), _one_of(SHIRTS, rng)
    trousers, helmet = np.full(3, rng.uniform(0.05, 0.25)), rng.uniform(0.2, 0.95, 3)
    cast_shadow(canvas, upright(figure.x, figure.z, [(-0.7 * wide, 0), (0.7 * wide, 0), (0.3, 1.6), (-0.3, 1.6)]))
    for middle in (-0.52, 0.52):
        _bicycle_wheel(figure, middle * wide, wide)
    crank, saddle, head = (-0.08 * wide, 0.3), (-0.22 * wide, 0.88), (0.38 * wide, 0.92)
    for start, end in ((crank, saddle), (crank, head), (saddle, head), ((-0.52 * wide, 0.34), crank)):
        figure.limb(start, end, 0.07, frame)
    figure.limb((0.52 * wide, 0.34), head, 0.07, frame)
    bar = 0.28 * (1 - abs(figure.ahead)) + 0.06
    figure.limb((head[0] - bar, 1.02), (head[0] + bar, 1.02), 0.06, (0.1, 0.1, 0.1))
    turn = time * 0.5 + rng.uniform(0, 6)
    for side in (-1, 1):
        pedal = (
            crank[0] + 0.17 * wide * np.cos(turn + side * 1.57) + side * 0.1,
            0.3 + 0.15 * np.sin(turn + side * 1.57),
        )
        knee = ((pedal[0] + saddle[0]) / 2 + 0.22 * wide, (pedal[1] + 0.9) / 2 + 0.08)
        figure.limb((saddle[0] + side * 0.05, 0.92), knee, 0.17, trousers)
        figure.limb(knee, pedal, 0.13, trousers * 0.8)
    neck = (0.14 * wide, 1.42)
    figure.limb((saddle[0], 0.98), neck, 0.36, shirt)
    for side in (-1, 1):
        figure.limb((neck[0] + side * 0.14 * (1 - abs(wide)), 1.36), (head[0] + side * bar, 1.05), 0.1, shirt * 0.8)
    figure.disc(neck[0] + 0.08 * wide, 1.62, 0.12, 0.15, np.array(SKINS[rng.integers(4)]))
    figure.disc(neck[0] + 0.06 * wide, 1.7, 0.15, 0.1, helmet)


def _one_of(colors: ArrayLike, rng: Generator) -> NDArray[np.float64]:
    """One of the colours, lighter or darker, or in one of twenty cases any other."""
    if rng.random() < 0.05:
        return rng.uniform(0.08, 0.8, 3)
    return np.asarray(rng.choice(np.asarray(colors)) * rng.uniform(0.75, 1.2) + rng.uniform(-0.05, 0.05, 3)).clip(
        0.03, 1
    )


def _bicycle_wheel(figure: _Figure, x: float, wide: float) -> None:
    """Tyre and spokes. The gaps between the spokes belong to the cyclist, as in CamVid's labels."""
    radius = 0.34
    figure.disc(x, radius, max(radius * abs(wide), 0.05), radius, (0.06, 0.06, 0.06))
    if abs(wide) > 0.3:
        figure.disc(x, radius, radius * 0.78 * abs(wide), radius * 0.78, (0.15, 0.15, 0.16))
