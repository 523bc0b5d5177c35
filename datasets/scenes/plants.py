"""Trees and bushes: crowns of foliage that always face the camera."""

import numpy as np
from numpy.random import PCG64, Generator

from segnet.datasets.classes import CAMVID

from .canvas import Canvas
from .objects import cast_shadow, upright
from .street import Thing
from .surfaces import foliage

TREE = CAMVID.names.index("Tree")
KINDS = 60
"""The number of different crowns. Each is scaled and placed anew."""


def draw_tree(canvas: Canvas, thing: Thing, time: float) -> None:  # noqa: ARG001
    """A trunk, which CamVid labels Tree too, and two overlapping crowns."""
    rng = Generator(PCG64(thing.seed))
    tall, wide = rng.uniform(4, 9), rng.uniform(2.2, 4.5)
    bottom, thick = tall * rng.uniform(0.25, 0.4), rng.uniform(0.12, 0.22)
    angle = np.linspace(0, 2 * np.pi, 10)
    round_crown = np.column_stack([wide / 2 * np.cos(angle), (tall + bottom) / 2 + (tall - bottom) / 2 * np.sin(angle)])
    cast_shadow(canvas, upright(thing.x, thing.z, round_crown))
    trunk = [(-thick, 0), (thick, 0), (thick * 0.6, tall * 0.6), (-thick * 0.6, tall * 0.6)]
    canvas.polygon(upright(thing.x, thing.z, trunk), np.array([0.3, 0.24, 0.18]), TREE, (-0.7, 0, -0.7))
    crown = foliage(int(rng.integers(KINDS)))
    for index in range(2):
        width, height = wide * rng.uniform(0.7, 1.1), (tall - bottom) * rng.uniform(0.6, 0.85)
        x = thing.x + rng.uniform(-0.25, 0.25) * wide - width / 2
        y = bottom + (tall - bottom - height) * index
        corner = (x, y, thing.z - 0.01 * index)
        canvas.rectangle(corner, (width, 0, 0), (0, height, 0), crown, TREE, (0, 0.8, -0.6))


def draw_bush(canvas: Canvas, thing: Thing, time: float) -> None:  # noqa: ARG001
    """A crown on the ground."""
    rng = Generator(PCG64(thing.seed))
    width, height = rng.uniform(1.5, 3.5), rng.uniform(1.2, 2.4)
    corner = (thing.x - width / 2, -0.3 * height, thing.z)
    crown = foliage(int(rng.integers(KINDS)))
    canvas.rectangle(corner, (width, 0, 0), (0, 1.3 * height, 0), crown, TREE, (0, 0.8, -0.6))
