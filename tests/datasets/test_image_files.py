"""Arrays as PNG files."""

import io

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.image_files import as_png

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_a_png_gives_the_pixels_back(shape: tuple[int, ...]) -> None:
    pixels = RNG.integers(0, 256, shape, np.uint8)
    for level in (1, 6):
        np.testing.assert_array_equal(Image.open(io.BytesIO(as_png(pixels, compress_level=level))), pixels)


def test_a_palette_colours_the_indices_and_leaves_them_as_they_are() -> None:
    indices = RNG.integers(0, 256, (5, 7), np.uint8)
    palette = RNG.integers(0, 256, (256, 3), np.uint8)
    image = Image.open(io.BytesIO(as_png(indices, palette)))
    np.testing.assert_array_equal(image, indices)
    np.testing.assert_array_equal(image.convert("RGB"), palette[indices])
