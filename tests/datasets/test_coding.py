"""Masks of every kind to labels, by exact look-up."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segnet.datasets.coding import Coding, identity
from segnet.datasets.masks import PanopticImages, count_values, pack, read_raw_mask, unpack
from segnet.errors import UserError
from tests.datasets.folders import color_mask, index_mask, of_mask, palette_mask

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def test_index_and_palette_masks_by_value(tmp_path: Path) -> None:
    coding = Coding({0: 255, 7: 0, 300: 1})
    labels, unknown, _ = coding.decode(of_mask(index_mask(tmp_path / "a.png", [0, 7, 300, 9])))
    assert labels[0].tolist() == [255] * 4 + [0] * 4 + [1] * 4 + [255] * 4
    assert labels.dtype == np.uint8
    assert unknown == {"label 9": 48}
    labels, unknown, _ = coding.decode(of_mask(palette_mask(tmp_path / "b.png", [7, 0], [(0, 0, 0)] * 8)))
    assert np.unique(labels).tolist() == [0, 255]
    assert unknown == {}


def test_colours_by_exact_look_up(tmp_path: Path) -> None:
    coding = Coding(colors={pack(RED): 0, pack(GREEN): 1}, ignore_index=9)
    almost = (255, 0, 1)
    labels, unknown, _ = coding.decode(of_mask(color_mask(tmp_path / "a.png", [RED, GREEN, almost, WHITE])))
    assert labels[0].tolist() == [0] * 4 + [1] * 4 + [9] * 8
    assert unknown == {"#ff0001": 48, "#ffffff": 48}
    assert unpack(pack((1, 2, 3))) == (1, 2, 3)


def test_indices_saved_as_rgb_and_as_one_bit(tmp_path: Path) -> None:
    coding = Coding(identity(4, 255))
    labels, unknown, _ = coding.decode(of_mask(color_mask(tmp_path / "a.png", [(3, 3, 3), (1, 1, 1)])))
    assert (np.unique(labels).tolist(), unknown) == ([1, 3], {})
    Image.fromarray(np.eye(4) > 0).save(tmp_path / "b.png")
    assert np.array_equal(coding.decode(of_mask(tmp_path / "b.png")).labels, np.eye(4))


def test_a_panoptic_mask_numbers_its_segments(tmp_path: Path) -> None:
    # 256 * 2 + 5 is a segment of category value 3; 9 is in no annotation.
    path = color_mask(tmp_path / "a.png", [(5, 2, 0), (0, 0, 0), (9, 0, 0), (5, 2, 0)])
    coding = Coding({0: 255, 3: 2}, source=PanopticImages({"a.png": np.array([[517, 3]], np.int32)}))
    labels, unknown, _ = coding.decode(of_mask(path))
    assert labels[0].tolist() == [2] * 4 + [255] * 8 + [2] * 4
    assert unknown == {"segment without annotation": 48}


def test_files_that_are_no_masks_are_refused(tmp_path: Path) -> None:
    Image.new("F", (2, 2)).save(tmp_path / "a.tiff")
    with pytest.raises(UserError, match="an image of type F is no mask"):
        read_raw_mask(tmp_path / "a.tiff")
    Image.fromarray(np.full((2, 2), 70_000, np.int32)).save(tmp_path / "b.tiff")
    with pytest.raises(UserError, match="labels are below 65536"):
        read_raw_mask(tmp_path / "b.tiff")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_runs_are_counted_like_pixels(values: list[int]) -> None:
    assert count_values(np.array([values], np.int32)) == {value: values.count(value) for value in sorted(set(values))}
