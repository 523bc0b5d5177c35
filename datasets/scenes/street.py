"""The objects along a street and their motion, drawn from one seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.random import PCG64, Generator

from .camera import Floats

LENGTH = 170.0
"""Metres of street with buildings."""
PACE = 0.5
"""Metres that the camera moves for each frame."""


@dataclass(frozen=True)
class Thing:
    """An object on the street. ``kind`` names its drawing function, and ``seed`` decides its look.

    It stands at x, z in metres and moves by ``step`` metres in each frame; ``heading`` is the angle between the z axis
    and its direction, in radians, positive to the right.
    """

    kind: str
    x: float
    z: float
    seed: int
    heading: float = 0.0
    step: float = 0.0

    def at(self, time: float) -> tuple[float, float]:
        """Its place x, z at frame ``time``."""
        way = self.step * time
        return self.x + way * np.sin(self.heading), self.z + way * np.cos(self.heading)


@dataclass(frozen=True)
class House:
    """A front from z to z + width along the street, ``side`` -1 on the left and 1 on the right."""

    side: int
    z: float
    width: float
    height: float
    seed: int


@dataclass
class Street:
    """A straight street; widths in metres from its middle, colours as RGB (3,) in 0–1."""

    seed: int
    road: float
    pavement: float
    setback: float
    asphalt: Floats
    paving: Floats
    kerb_color: Floats
    slab: float
    dash: float
    side_lines: bool
    zebra: float
    houses: list[House] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)

    @property
    def line(self) -> float:
        """Metres from the middle to the house fronts."""
        return self.road + self.pavement + self.setback

    def height_at(self, side: int, z: Floats) -> Floats:
        """Height of the houses on one side at positions along the street; 0 in gaps."""
        height = np.zeros(len(z), np.float32)
        for house in self.houses:
            if house.side == side:
                height[(z >= house.z) & (z < house.z + house.width)] = house.height
        return height


def build_street(seed: int) -> Street:
    """The street of a seed."""
    rng = Generator(PCG64(seed))
    grey = rng.uniform(0.26, 0.42)
    street = Street(
        seed=seed,
        road=rng.uniform(3.4, 5.2),
        pavement=rng.uniform(1.8, 3.4),
        setback=float(rng.choice([0.3, 2.5, 5.0])),
        asphalt=(grey * rng.uniform(0.95, 1.05, 3)).astype(np.float32),
        paving=(rng.uniform(0.42, 0.62) * np.array([1.12, 1, rng.uniform(0.78, 0.9)])).astype(np.float32),
        kerb_color=np.full(3, rng.uniform(0.55, 0.75), np.float32),
        slab=rng.uniform(0.5, 0.9),
        dash=rng.uniform(5, 9),
        side_lines=bool(rng.random() < 0.5),
        zebra=rng.uniform(8, 40) if rng.random() < 0.25 else -50.0,
    )
    for side in (-1, 1):
        street.houses += _houses(rng, side)
        street.things += _roadside(rng, street, side)
    street.things += _traffic(rng, street)
    return street


def _houses(rng: Generator, side: int) -> Iterator[House]:
    z, tall = -20.0, rng.uniform(6, 14)
    while z < LENGTH:
        width = round(rng.uniform(7, 18), 1)
        if rng.random() < 0.8:
            yield House(side, z, width, round(tall * rng.uniform(0.7, 1.3), 1), _seed(rng))
        z += width + (rng.uniform(2, 9) if rng.random() < 0.3 else 0)


def _roadside(rng: Generator, street: Street, side: int) -> Iterator[Thing]:
    """Trees, poles, signs, fences, parked cars and people on one side."""
    kerb, back = street.road + 0.5, street.road + street.pavement
    if street.setback > 1 or rng.random() < 0.5:
        for z in np.arange(-8, LENGTH, 4.0):
            if rng.random() < 0.9:
                yield Thing("fence", side * (back + 0.1), z, street.seed % 50 + (side + 1) // 2)
    if street.setback > 2:
        for z in _spaced(rng, 4, 14):
            yield Thing(rng.choice(["tree", "bush"]), side * (back + rng.uniform(1, street.setback)), z, _seed(rng))
    if rng.random() < 0.6:
        for z in _spaced(rng, 9, 22):
            yield Thing("tree", side * (kerb + 0.3), z, _seed(rng))
    for z in _spaced(rng, 7, 15):
        yield Thing("lamp", side * kerb, z, int(rng.integers(4)), heading=-side * np.pi / 2)
    for z in _spaced(rng, 5, 13):
        yield Thing(rng.choice(["sign", "light"], p=[0.8, 0.2]), side * (kerb + rng.uniform(0, 0.5)), z, _seed(rng))
    for z in _spaced(rng, 1.5, 5):
        heading, step = rng.choice([0, np.pi]), rng.uniform(0.05, 0.11)
        yield Thing("person", side * rng.uniform(kerb + 0.5, back - 0.3), z, _seed(rng), heading, step)
    if street.road > 4.3 and rng.random() < 0.6:
        for z in _spaced(rng, 6, 16):
            yield Thing("car", side * (street.road - 1.0), z, _seed(rng), heading=0 if side > 0 else np.pi)


def _traffic(rng: Generator, street: Street) -> Iterator[Thing]:
    """Cars in both lanes, cyclists beside them, sometimes people who cross."""
    lane = street.road / 2 - 0.2
    for z in _spaced(rng, 14, 45, 11):
        yield Thing("car", lane, z, _seed(rng), 0.0, rng.uniform(0.45, 0.65))
    for z in _spaced(rng, 12, 45):
        yield Thing("car", -lane, z, _seed(rng), np.pi, rng.uniform(0.3, 0.6))
    for side in (-1, 1):
        for z in _spaced(rng, 4, 11, 5):
            heading = 0.0 if side > 0 else np.pi
            yield Thing("cyclist", side * (street.road - rng.uniform(0.5, 1.2)), z, _seed(rng), heading, 0.25)
    for z in _spaced(rng, 4, 12):
        heading = float(rng.choice([-1, 1])) * np.pi / 2
        kind = rng.choice(["person", "cyclist"])
        yield Thing(kind, rng.uniform(-1, 1) * street.road, z, _seed(rng), heading, 0.08)


def _spaced(rng: Generator, least: float, most: float, first: float = 4.0) -> Iterator[float]:
    z = first + rng.uniform(0, most)
    while z < LENGTH:
        yield z
        z += rng.uniform(least, most)


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**31))
