"""A mask written by rows is the PNG file of the whole mask."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segnet.inference.png_rows import PngRows

PALETTE = np.random.default_rng(0).integers(0, 256, (256, 3), np.uint8)


@given(st.integers(1, 40), st.integers(1, 40), st.lists(st.integers(0, 40), max_size=5))
def test_pillow_reads_the_rows_and_the_palette(height: int, width: int, cuts: list[int]) -> None:
    mask = np.random.default_rng(height).integers(0, 256, (height, width), np.uint8)
    file = io.BytesIO()
    with PngRows(file, (height, width), PALETTE) as png:
        for rows in np.split(mask, sorted(min(cut, height) for cut in cuts)):
            png.add(rows)
    image = Image.open(file, formats=["PNG"])
    assert image.mode == "P"
    np.testing.assert_array_equal(np.array(image), mask)
    np.testing.assert_array_equal(np.array(image.getpalette()).reshape(-1, 3), PALETTE)


@pytest.mark.parametrize("bits", [8, 16])
def test_pillow_reads_grey_rows(bits: int) -> None:
    grey = np.random.default_rng(bits).integers(0, 2**bits, (7, 5)).astype(f"uint{bits}")
    file = io.BytesIO()
    with PngRows(file, (7, 5), bits=bits) as png:
        png.add(grey[:3])
        png.add(grey[3:])
    image = Image.open(file, formats=["PNG"])
    assert image.mode == ("L" if bits == 8 else "I;16")
    np.testing.assert_array_equal(np.array(image), grey)


def test_a_missing_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 rows were written of 3"), PngRows(io.BytesIO(), (3, 4), PALETTE) as png:
        png.add(np.zeros((2, 4), np.uint8))
