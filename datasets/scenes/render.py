"""Render scenes and moving sequences to an image and its mask."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.random import PCG64, Generator

from segnet.datasets.samples import Sample

from .camera import Camera
from .canvas import Canvas
from .ground import draw_ground, draw_sky
from .light import develop, draw_light
from .objects import draw_backdrop, draw_bonnet, draw_fence, draw_house, draw_lamp, draw_sign
from .people import draw_cyclist, draw_person
from .plants import draw_bush, draw_tree
from .street import PACE, House, Street, Thing, build_street
from .vehicles import draw_car

SIZE = (192, 256)
"""Height and width of a scene."""
SUPERSAMPLING = 2
"""Drawn pixels for each pixel of the image, along each side. The mask takes one of them, without mixing."""
FARTHEST = 110.0
"""Houses, trees and cars are drawn up to so many metres."""
FARTHEST_SMALL: dict[str, float] = {
    "person": 8,
    "cyclist": 9,
    "sign": 10,
    "light": 10,
    "lamp": 14,
    "fence": 25,
    "car": 50,
}
"""Things that are only a few pixels wide farther away are drawn up to so many metres."""

DRAW: dict[str, Callable[[Canvas, Thing, float], None]] = {
    "fence": draw_fence,
    "tree": draw_tree,
    "bush": draw_bush,
    "lamp": draw_lamp,
    "sign": draw_sign,
    "light": draw_sign,
    "person": draw_person,
    "cyclist": draw_cyclist,
    "car": draw_car,
}


def render_scene(seed: int, size: tuple[int, int] = SIZE) -> Sample:
    """One scene for each seed: image (H, W, 3) uint8 RGB and mask (H, W) uint8, with 11 where unlabelled."""
    return _frame(seed, build_street(seed), 0, size, f"scene_{seed:06d}")


def render_sequence(seed: int, length: int, size: tuple[int, int] = SIZE) -> Iterator[Sample]:
    """Frames of a drive along one street: the camera, cars and people move."""
    street = build_street(seed)
    for time in range(length):
        yield _frame(seed, street, time, size, f"drive{seed:06d}_{time:05d}")


def _frame(seed: int, street: Street, time: int, size: tuple[int, int], name: str) -> Sample:
    rng = Generator(PCG64([seed, 1]))
    light, camera, bonnet = draw_light(rng), _camera(rng, street, time, size), rng.random() < 0.3
    canvas = Canvas(camera, light)
    draw_sky(canvas, street, time)
    draw_ground(canvas, street)
    draw_backdrop(canvas, street)
    for item in _back_to_front(street, camera, time):
        if isinstance(item, House):
            draw_house(canvas, item, street)
        else:
            DRAW[item.kind](canvas, item, time)
    if bonnet:
        draw_bonnet(canvas, seed)
    half = SUPERSAMPLING // 2
    small = np.asarray(cv2.resize(canvas.image, size[::-1], interpolation=cv2.INTER_AREA), np.float32)
    image = develop(small, light, Generator(PCG64([seed, 2, time])))
    return Sample(image, np.ascontiguousarray(canvas.mask[half::SUPERSAMPLING, half::SUPERSAMPLING]), name)


def _camera(rng: Generator, street: Street, time: int, size: tuple[int, int]) -> Camera:
    """A camera behind the windscreen of a car in the right lane, which nods a little as it drives."""
    lane, height = street.road / 2 + rng.uniform(-0.6, 0.3), rng.uniform(1.25, 1.7)
    yaw, pitch, field = rng.normal(0, 0.06), rng.uniform(-0.03, 0.05), rng.uniform(0.75, 0.95)
    return Camera(
        height=size[0] * SUPERSAMPLING,
        width=size[1] * SUPERSAMPLING,
        position=(lane + 0.1 * np.sin(time / 25), height + 0.01 * np.sin(time * 0.7), PACE * time),
        yaw=yaw + 0.01 * np.sin(time / 17),
        pitch=pitch + 0.003 * np.sin(time * 0.55),
        field=field,
    )


def _back_to_front(street: Street, camera: Camera, time: int) -> Iterator[House | Thing]:
    """Houses, then the objects before them, then fences, and then the rest by distance.

    Shadows lie under everything.
    """
    start = camera.position[2]
    houses = [house for house in street.houses if house.z + house.width > start and house.z < start + 1.2 * FARTHEST]
    yield from sorted(houses, key=lambda house: -house.z)
    near = []
    for thing in street.things:
        x, z = thing.at(time)
        depth = camera.depth((x, 0, z))
        nearest = -4.0 if thing.kind == "fence" else 3.5
        if nearest < depth < FARTHEST_SMALL.get(thing.kind, FARTHEST):
            layer = 1 if thing.kind == "fence" else 0
            if abs(x) > street.road + street.pavement + 0.3:
                layer = 2  # behind the fence
            near.append((layer, depth, thing))
    for _, _, thing in sorted(near, key=lambda entry: entry[:2], reverse=True):
        yield thing
