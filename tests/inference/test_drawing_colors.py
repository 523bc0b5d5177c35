"""Drawing colours: bright, apart from each other, near the classes' own."""

import numpy as np
import pytest

from segnet.datasets.classes import CAMVID, ClassSet, voc_color
from segnet.inference.drawing_colors import apart, drawing_colors, drawing_palette, lab


def classes_of(*colors: tuple[int, int, int]) -> ClassSet:
    return ClassSet(tuple(f"class {index}" for index in range(len(colors))), colors, ignore_index=-1)


def least_distance(colors: tuple[tuple[int, int, int], ...]) -> float:
    values = lab(np.array(colors, np.uint8))
    return min(float(apart(values[:index], values[index]).min()) for index in range(1, len(values)))


def test_camvids_drawing_colours_are_farther_apart_than_its_own() -> None:
    # Fence, (64, 64, 128), and road, (128, 64, 128), or car and pavement are hard to tell apart at half opacity.
    assert least_distance(CAMVID.colors) < 30
    assert least_distance(drawing_colors(CAMVID)) >= 44


def test_no_drawing_colour_but_black_is_dark() -> None:
    drawn = drawing_colors(classes_of(*(voc_color(index) for index in range(21))))
    assert drawn[0] == (0, 0, 0)
    assert lab(np.array(drawn[1:], np.uint8))[:, 0].min() >= 45


@pytest.mark.parametrize("color", [(128, 0, 0), (0, 128, 0), (0, 0, 90), (64, 64, 0), (90, 20, 90)])
def test_a_class_alone_keeps_its_hue(color: tuple[int, int, int]) -> None:
    own, drawn = (lab(np.array([rgb], np.uint8))[0] for rgb in (color, drawing_colors(classes_of(color))[0]))
    turned = np.angle((drawn[1] + 1j * drawn[2]) / (own[1] + 1j * own[2]), deg=True)
    assert abs(turned) < 20


def test_a_grey_stays_grey() -> None:
    assert len(set(drawing_colors(classes_of((128, 128, 128)))[0])) == 1


def test_classes_of_one_colour_are_drawn_in_two() -> None:
    assert len(set(drawing_colors(classes_of((9, 9, 90), (9, 9, 90))))) == 2


@pytest.mark.parametrize("count", [1, 2, 150, 255])
def test_any_number_of_classes_has_a_colour_each(count: int) -> None:
    classes = classes_of(*(voc_color(index) for index in range(count)))
    assert len(set(drawing_colors(classes))) == count
    assert not drawing_palette(classes)[count:].any()
