"""Images and masks read from files, arrays as PNG files, and what a process that does so need not import."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.image_files import as_png, read_image, read_mask

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (4, 6, 3), np.uint8)
MASK = RNG.integers(0, 12, (4, 6), np.uint8)


def test_a_palette_mask_is_read_by_index_whatever_its_colours(tmp_path: Path) -> None:
    mask = Image.fromarray(MASK).convert("P")
    mask.putpalette([200, 10, 30] * 12)
    mask.putdata(MASK.ravel().tolist())
    mask.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), MASK)


def test_an_image_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: turn it 90° clockwise
    Image.fromarray(IMAGE).save(tmp_path / "photo.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "photo.png"), np.rot90(IMAGE, -1))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1"])
def test_an_image_of_any_8_bit_type_becomes_rgb(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (6, 4)).save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png").shape == (4, 6, 3)


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


@pytest.mark.parametrize("module", ["inspection.inspection", "convert", "scenes.write"])
def test_work_on_files_does_not_import_pytorch(module: str) -> None:
    """It takes each process seconds, and there is one a processor."""
    program = f"import sys, segnet.datasets.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
