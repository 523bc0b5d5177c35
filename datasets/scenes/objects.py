"""Houses, fences, lamps, signs and the own car's bonnet."""

import cv2
import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import ArrayLike, NDArray

from segnet.datasets.classes import CAMVID

from .camera import Floats
from .canvas import Canvas
from .street import House, Street, Thing
from .surfaces import blank_wall, facade, fence, foliage

BUILDING, POLE, SIGN, FENCE, TREE = (
    CAMVID.names.index(name) for name in ("Building", "Pole", "SignSymbol", "Fence", "Tree")
)
FENCE_LENGTH, FENCE_HEIGHT = 4.0, 1.4


def draw_house(canvas: Canvas, house: House, street: Street) -> None:
    """The front along the street, the end wall towards the camera, and a slope of roof."""
    x, z, end = house.side * street.line, house.z, house.z + house.width
    front = facade(house.seed, house.width, house.height)
    out = house.side * 9.0
    rise = house.height + 2.2
    roof = np.array([(0.42, 0.24, 0.18), (0.3, 0.31, 0.34), (0.36, 0.3, 0.26)][house.seed % 3])
    normal = (-house.side, 0, 0)
    canvas.rectangle((x, 0, z), (out, 0, 0), (0, house.height, 0), blank_wall(house.seed % 24), BUILDING, (0, 0, -1))
    gable = [(x, house.height, z), (x + out, house.height, z), (x + out / 2, rise, z)]
    slope = [(x, house.height, z), (x, house.height, end), (x + out / 2, rise, end), (x + out / 2, rise, z)]
    canvas.polygon(gable, roof * 0.9, BUILDING, (0, 0, -1))
    canvas.polygon(slope, roof, BUILDING, (-house.side * 0.4, 0.9, 0))
    canvas.rectangle((x, 0, z), (0, 0, house.width), (0, house.height, 0), front, BUILDING, normal)


def draw_backdrop(canvas: Canvas, street: Street) -> None:
    """The end of the street: trees or roofs in the haze, always at the same distance."""
    rng = Generator(PCG64([street.seed, 3]))
    z = canvas.camera.position[2] + 135
    for x in np.arange(-150, 150, 14.0):
        height = rng.uniform(5, 13)
        if rng.random() < 0.5:
            corners = [(x, 0, z), (x + 15, 0, z), (x + 15, height, z), (x + 7, height + 3, z), (x, height, z)]
            canvas.polygon(corners, rng.uniform(0.3, 0.55, 3), BUILDING, (0, 0, -1))
        else:
            crown = foliage(int(rng.integers(40)))
            canvas.rectangle((x - 3, -height * 0.5, z), (20, 0, 0), (0, height * 1.7, 0), crown, TREE, (0, 0, -1))


def draw_fence(canvas: Canvas, thing: Thing, time: float) -> None:  # noqa: ARG001
    """One panel along the street."""
    texture = fence(thing.seed, FENCE_LENGTH, FENCE_HEIGHT)
    across, up = (0, 0, FENCE_LENGTH), (0, FENCE_HEIGHT, 0)
    canvas.rectangle((thing.x, 0, thing.z), across, up, texture, FENCE, (-np.sign(thing.x), 0, 0))


def draw_lamp(canvas: Canvas, thing: Thing, time: float) -> None:  # noqa: ARG001
    """A street lamp: mast, arm over the road, head."""
    tall, reach = 6.0 + thing.seed % 3, np.sin(thing.heading) * 1.5
    color = np.array([(0.05, 0.16, 0.14), (0.04, 0.11, 0.12), (0.08, 0.2, 0.18), (0.06, 0.16, 0.18)][thing.seed % 4])
    cast_shadow(canvas, upright(thing.x, thing.z, [(-0.1, 0), (0.1, 0), (0.1, tall), (-0.1, tall)]))
    _mast(canvas, thing.x, thing.z, tall, 0.16, color)
    arm = [(0, tall - 0.1), (reach, tall + 0.25), (reach, tall + 0.38), (0, tall + 0.1)]
    canvas.polygon(upright(thing.x, thing.z, arm), color * 0.8, POLE)
    head = [
        (reach * 0.8, tall + 0.15),
        (reach * 1.4, tall + 0.25),
        (reach * 1.4, tall + 0.45),
        (reach * 0.8, tall + 0.4),
    ]
    canvas.polygon(upright(thing.x, thing.z, head), (0.7, 0.7, 0.62), POLE)


def draw_sign(canvas: Canvas, thing: Thing, time: float) -> None:  # noqa: ARG001
    """A traffic sign or a traffic light on its post."""
    rng = Generator(PCG64(thing.seed))
    height = rng.uniform(2.2, 3.0)
    _mast(canvas, thing.x, thing.z, height, 0.1, np.array([0.4, 1, 1]) * rng.uniform(0.1, 0.2))
    if thing.kind == "light":
        canvas.polygon(_disc(thing, height, 0.34, 0.55, 4, np.pi / 4), (0.8, 0.72, 0.15), SIGN)
        canvas.polygon(_disc(thing, height, 0.26, 0.45, 4, np.pi / 4), (0.06, 0.07, 0.07), SIGN)
        bright = rng.integers(3)
        for index, color in enumerate([(0.95, 0.2, 0.1), (0.95, 0.7, 0.1), (0.15, 0.9, 0.4)]):
            lamp = np.array(color) * (1.2 if index == bright else 0.25)
            canvas.polygon(_disc(thing, height + 0.28 - 0.28 * index, 0.1, 0.1, 12), lamp, SIGN)
        return
    size, shape = rng.uniform(0.46, 0.6), rng.integers(4)
    corners, turn = [(24, 0.0), (3, np.pi / 2), (4, np.pi / 4), (8, np.pi / 8)][shape]
    rim = [(0.8, 0.08, 0.1), (0.8, 0.08, 0.1), (0.1, 0.25, 0.7), (0.75, 0.1, 0.12)][shape]
    inner = [(0.92, 0.92, 0.9), (0.95, 0.93, 0.88), (0.12, 0.3, 0.75), (0.8, 0.12, 0.14)][shape]
    normal = (0, 0, -1)
    canvas.polygon(_disc(thing, height, size, size, corners, turn), rim, SIGN, normal)
    canvas.polygon(_disc(thing, height, size * 0.72, size * 0.72, corners, turn), inner, SIGN, normal)
    mark = (0.1, 0.1, 0.1) if shape < 2 else (0.95, 0.95, 0.95)
    canvas.polygon(_disc(thing, height, size * 0.45, size * 0.2, 4, np.pi / 4), mark, SIGN, normal)


def draw_bonnet(canvas: Canvas, seed: int) -> None:
    """The own car's bonnet at the lower edge, unlabelled as in CamVid."""
    height, width = canvas.mask.shape
    rng = Generator(PCG64([seed, 4]))
    center, axes = (width // 2, height), (int(width * 0.6), int(height * rng.uniform(0.06, 0.11)))
    inside = cv2.ellipse(np.zeros((height, width), np.uint8), center, axes, 0, 0, 360, 1, -1).astype(bool)
    rows = np.linspace(1, 0, height, dtype=np.float32)[:, None, None] ** 0.5
    paint = rng.uniform(0.05, 0.5) * rng.uniform(0.8, 1.2, 3)
    sheen = paint * canvas.light.around + canvas.light.horizon * (0.15 + 1.2 * rows)
    canvas.image[inside] = np.broadcast_to(sheen, canvas.image.shape)[inside]
    canvas.mask[inside] = CAMVID.ignore_index


def upright(x: float, z: float, outline: ArrayLike) -> NDArray[np.float64]:
    """A flat outline (N, 2) of right and up in metres, stood at x, z facing the camera, as (N, 3)."""
    flat = np.asarray(outline, np.float64)
    return np.column_stack([x + flat[:, 0], flat[:, 1], np.full(len(flat), z)])


def cast_shadow(canvas: Canvas, corners: NDArray[np.float64]) -> None:
    """Darken the ground where an object with the outer corners (N, 3) blocks the sun."""
    sun = canvas.light.sun
    fallen = corners - corners[:, 1:2] / max(sun[1], 0.2) * sun
    hull = cv2.convexHull(fallen[:, [0, 2]].astype(np.float32))[:, 0]
    canvas.darken(np.column_stack([hull[:, 0], np.zeros(len(hull)), hull[:, 1]]), 0.8 * canvas.light.shadow)


def _mast(
    canvas: Canvas, x: float, z: float, height: float, radius: float, color: Floats | NDArray[np.float64]
) -> None:
    """A round post: a dark and a bright half."""
    canvas.polygon(upright(x, z, [(-radius, 0), (0, 0), (0, height), (-radius, height)]), color, POLE, (-1, 0, 0))
    canvas.polygon(upright(x, z, [(0, 0), (radius, 0), (radius, height), (0, height)]), color, POLE, (1, 0, 0))


def _disc(
    thing: Thing, height: float, wide: float, tall: float, corners: int, turn: float = 0.0
) -> NDArray[np.float64]:
    angle = np.arange(corners) * 2 * np.pi / corners + turn
    return upright(thing.x, thing.z, np.column_stack([wide * np.cos(angle), height + tall * np.sin(angle)]))
