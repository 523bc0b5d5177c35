"""Rows read one after the other are the image that is read as a whole."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.image_files import Pixels, read_image
from segnet.errors import UserError
from segnet.inference.image_rows import ImageRows

pytest.importorskip("pyvips")

NOISE = np.random.default_rng(0).integers(0, 256, (61, 43, 3), np.uint8)


def save(path: Path, mode: str = "RGB", **settings: object) -> Path:
    Image.fromarray(NOISE).convert(mode).save(path, **settings)  # type: ignore[arg-type]
    return path


def read_by_rows(path: Path) -> Pixels:
    """Windows that overlap, as tiles do."""
    image = ImageRows(path)
    height, width, _ = image.shape
    first, second = image[0:20, 0:width][:10], image[10:30, 0:width]
    left, right = image[30:height, 0:5], image[30:height, 5:width]
    return np.concatenate([first, second, np.concatenate([left, right], axis=1)])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_rows_have_the_pixels_of_the_whole_image(tmp_path: Path, mode: str, suffix: str) -> None:
    path = save(tmp_path / f"image{suffix}", mode)
    np.testing.assert_array_equal(read_by_rows(path), read_image(path))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rows_of_a_turned_jpeg_lie_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    path = save(tmp_path / "photo.jpg", exif=exif)
    # Both libraries decode with libjpeg, in versions that may round otherwise.
    np.testing.assert_allclose(read_by_rows(path).astype(int), read_image(path), atol=3)


def test_a_window_above_the_last_one_is_an_error(tmp_path: Path) -> None:
    image = ImageRows(save(tmp_path / "image.png"))
    image[20:40, 0:43]
    with pytest.raises(ValueError, match="rows from 10 on are gone; the last window began at 20"):
        image[10:30, 0:43]


def test_kinds_that_decode_only_as_a_whole_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a WEBP image of 43×61 pixels can only be decoded as a whole; save it as TIFF"):
        ImageRows(save(tmp_path / "image.webp"))
    with pytest.raises(UserError, match="a progressive JPEG image of 43×61 pixels"):
        ImageRows(save(tmp_path / "image.jpg", progressive=True))
    with pytest.raises(UserError, match="rows of an image of type CMYK are not read; convert it to RGB"):
        ImageRows(save(tmp_path / "print.tif", "CMYK"))
    with pytest.raises(UserError, match="a stack of large images; save each page as a file of its own"):
        ImageRows(save(tmp_path / "stack.tif", save_all=True, append_images=[Image.fromarray(NOISE)]))


def test_sixteen_bits_are_refused_as_in_images_read_as_a_whole(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match="an image of 1 channel of 16 bits"):
        ImageRows(tmp_path / "deep.png")


@pytest.mark.parametrize("name", ["image.png", "image.jpg", "image.tif"])
def test_a_cut_file_is_one_line(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"{name}: cannot be read as an image"):
        read_by_rows(path)


def test_memory_that_is_full_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = ImageRows(save(tmp_path / "image.png"))

    class Full:
        def fetch(self, *_: int) -> bytes:
            raise image.vips.Error("unable to fetch", "out of memory --- size == 120MB")

    monkeypatch.setattr(image, "region", Full())
    with pytest.raises(MemoryError):
        image[0:20, 0:43]
