"""Frames as their file's display matrix says, in all eight orientations."""

import struct
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segnet.inference.video.orientation import Orientation, from_degrees, from_matrix
from segnet.inference.video.reader import open_source
from tests.inference.video.clips import write_clip

Pixels = NDArray[np.uint8]
Matrix = tuple[int, int, int, int]

EIGHT: list[Matrix] = [(a, 0, 0, d) for a, d in product((1, -1), repeat=2)]
EIGHT += [(0, b, c, 0) for b, c in product((1, -1), repeat=2)]
"""a, b, c, d of ISO/IEC 14496-12, section 6.2.2."""


def shown_by_definition(image: Pixels, matrix: Matrix) -> Pixels:
    """Each pixel (p, q) at (a p + c q, b p + d q), and all of it moved to where its corner is the origin."""
    a, b, c, d = matrix
    height, width = image.shape[:2]
    places = {(a * p + c * q, b * p + d * q): (p, q) for q in range(height) for p in range(width)}
    left, top = min(x for x, _ in places), min(y for _, y in places)
    right, bottom = max(x for x, _ in places), max(y for _, y in places)
    shown = np.zeros((bottom - top + 1, right - left + 1, 3), np.uint8)
    for (x, y), (p, q) in places.items():
        shown[y - top, x - left] = image[q, p]
    return shown


def with_matrix(path: Path, turned: Path, matrix: Matrix) -> Path:
    """The MP4 with another matrix in its only track header."""
    data = path.read_bytes()
    # Version and flags, times, the track's index, two reserved numbers, layer, group, volume and a reserved number.
    place = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    assert struct.unpack(">9i", data[place : place + 36]) == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    a, b, c, d = (value << 16 for value in matrix)
    turned.write_bytes(data[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + data[place + 36 :])
    return turned


@pytest.mark.parametrize("matrix", EIGHT)
def test_a_clip_comes_out_as_its_matrix_says(matrix: Matrix, tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "plain.mp4", frames=2)
    expected = shown_by_definition(next(open_source(str(plain)).frames()).image, matrix)
    turned = open_source(str(with_matrix(plain, tmp_path / "turned.mp4", matrix)))
    assert np.array_equal(next(turned.frames()).image, expected)
    assert turned.pixel_aspect == Fraction(1)


@pytest.mark.parametrize("matrix", EIGHT)
def test_an_orientation_moves_each_pixel_by_definition(matrix: Matrix) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)
    assert np.array_equal(from_matrix(*matrix).upright(image), shown_by_definition(image, matrix))


@pytest.mark.parametrize("degrees", [0, 90, 180, -90, 270, 88, -2])
def test_degrees_turn_counterclockwise(degrees: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)
    expected = Image.fromarray(image).rotate(round(degrees / 90) * 90, expand=True)
    assert np.array_equal(from_degrees(degrees).upright(image), np.asarray(expected))


def test_a_matrix_of_another_angle_is_the_nearest_quarter_turn() -> None:
    # 10 degrees, 80 degrees, and 80 degrees mirrored.
    assert from_matrix(98, 17, -17, 98) == Orientation()
    assert from_matrix(17, 98, -98, 17) == from_matrix(0, 1, -1, 0)
    assert from_matrix(17, 98, 98, -17) == from_matrix(0, 1, 1, 0)
