"""Images of more than 8 bits or three channels are refused, with what they are and what to do; others are not."""

import struct
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from segnet.datasets.image_files import DeepImageError, open_image, pages_of, read_image
from segnet.datasets.inspection.inspection import inspect_folder
from segnet.errors import UserError
from tests.datasets.folders import index_mask, photo

RGB16 = np.arange(12 * 16 * 3, dtype=np.uint16).reshape(12, 16, 3)
BANDS = np.zeros((12, 16, 6), np.uint8)


def write(path: Path, pixels: NDArray[Any]) -> None:
    assert cv2.imwrite(str(path), pixels)


def tiff(path: Path, pixels: NDArray[Any], extra: int | None = None, photometric: int = 1) -> None:
    """One uncompressed strip; ``extra`` says what the channels after the colours are (0: nothing is known of them)."""
    height, width, channels = pixels.shape
    colors = 3 if photometric == 2 else 1
    tags = ImageFileDirectory_v2(prefix=b"II")
    tags[256], tags[257], tags[258] = width, height, (pixels.dtype.itemsize * 8,) * channels
    tags[259], tags[262], tags[277], tags[278] = 1, photometric, channels, height
    tags[273], tags[279] = 0, pixels.nbytes
    if extra is not None:
        tags[338] = (extra,) * (channels - colors)
    tags[273] = 8 + len(tags.tobytes(8))
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + tags.tobytes(8) + pixels.tobytes())


DEEP: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "colour.png": (
        lambda path: write(path, RGB16),
        "3 channels of 16 bits",
        "-ot Byte -scale 0 65535 0 255 colour.png colour_8bit.png",
    ),
    "grey.png": (lambda path: write(path, RGB16[..., 0]), "1 channel of 16 bits", "-scale 0 65535 0 255 grey"),
    "colour.tif": (lambda path: write(path, RGB16), "3 channels of 16 bits", "-scale 0 65535 0 255 colour"),
    "real.tif": (
        lambda path: write(path, RGB16.astype(np.float32)),
        "3 channels of 32 bits with a decimal point",
        "-scale 0 1 0 255 real.tif",
    ),
    "bands.tif": (lambda path: tiff(path, BANDS, extra=0), "6 channels of 8 bits", "-of PNG -b 1 -b 2 -b 3 bands.tif"),
    "deep_bands.tif": (
        lambda path: tiff(path, BANDS.astype(np.uint16), extra=0),
        "6 channels of 16 bits",
        "-scale 0 65535 0 255 -b 1 -b 2 -b 3 deep_bands.tif",
    ),
    "infrared.tif": (
        lambda path: tiff(path, BANDS[..., :4], extra=0, photometric=2),
        "4 channels of 8 bits",
        "-b 1 -b 2 -b 3 infrared.tif infrared.png",
    ),
    "pair.tif": (lambda path: tiff(path, BANDS[..., :2], extra=0), "2 channels of 8 bits", "-b 1 pair.tif pair.png"),
}


@pytest.mark.parametrize("name", DEEP)
def test_unsupported_pixels_are_named_with_a_command(name: str, tmp_path: Path) -> None:
    make, found, command = DEEP[name]
    make(tmp_path / name)
    with pytest.raises(DeepImageError) as error:
        read_image(tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path / name}: an image of {found}; up to 3 channels of 8 bits are read")
    assert command in str(error.value)
    with pytest.raises(DeepImageError):
        read_image(tmp_path / name, (tmp_path / name).read_bytes())


@pytest.mark.parametrize(
    ("mode", "kind"), [*product(["1", "L", "LA", "P", "RGB", "RGBA"], ["png", "tif"]), ("CMYK", "tif"), ("CMYK", "jpg")]
)
def test_8_bits_and_transparency_are_read(mode: str, kind: str, tmp_path: Path) -> None:
    Image.new(mode, (16, 12)).save(tmp_path / f"image.{kind}")
    assert read_image(tmp_path / f"image.{kind}").shape == (12, 16, 3)


def test_16_bit_masks_are_read_all_the_same(tmp_path: Path) -> None:
    write(tmp_path / "mask.png", RGB16[..., 0])
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "mask.png", "mask")), RGB16[..., 0])


def test_a_damaged_tiff_file_is_damaged_and_no_more(tmp_path: Path) -> None:
    tiff(tmp_path / "cut.tif", BANDS, extra=0)
    for length in (4, 9, 20):
        (tmp_path / "cut.tif").write_bytes((tmp_path / "cut.tif").read_bytes()[:length])
        with pytest.raises(UserError, match=r"cut\.tif: cannot be read as an image"):
            read_image(tmp_path / "cut.tif")


def test_an_inspection_names_them_as_a_kind_of_their_own(tmp_path: Path) -> None:
    for index in range(3):
        photo(tmp_path / "images" / f"{index}.png", seed=index)
        index_mask(tmp_path / "masks" / f"{index}.png", [0, 1])
    write(tmp_path / "images" / "1.png", RGB16)
    odd = inspect_folder(tmp_path, workers=1).odd
    [line] = odd["more than 8 bits or 3 channels"]
    assert line.startswith(f"{tmp_path / 'images' / '1.png'}: an image of 3 channels of 16 bits")
    assert "unreadable" not in odd


def test_the_pages_of_a_stack_and_not_their_small_copies(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (16, 12), (n, n, n)) for n in range(4)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    assert pages_of(tmp_path / "stack.tif") == [0, 1, 2, 3]
    assert read_image(tmp_path / "stack.tif", page=2)[0, 0].tolist() == [2, 2, 2]
    copy = ImageFileDirectory_v2()
    copy[254] = 1
    pages[1].encoderinfo = {"tiffinfo": copy}
    pages[0].save(tmp_path / "pyramid.tif", save_all=True, append_images=pages[1:])
    assert pages_of(tmp_path / "pyramid.tif") == [0, 2, 3]
    pages[0].save(tmp_path / "one.png")
    assert pages_of(tmp_path / "one.png") == [0]
