"""Image files that are good, large, damaged or something else."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from segnet.errors import UserError
from segnet.web.images import decode, enlarged, fitted, png
from segnet.web.limits import Limits
from segnet.web.problems import RefusedError
from tests.web.conftest import image_file

LIMITS = Limits(image_bytes=100_000, image_pixels=10_000)


@pytest.mark.parametrize("kind", ["png", "bmp", "jpeg", "webp"])
def test_four_formats_are_read(kind: str) -> None:
    image = decode(image_file(kind=kind), LIMITS)
    assert image.shape == (48, 64, 3)
    np.testing.assert_allclose(image[2, 2], (90, 150, 220), atol=6)


def test_an_image_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(image_file(kind="jpeg", exif=exif), LIMITS).shape == (64, 48, 3)


@pytest.mark.parametrize(("side", "words"), [(2_000, "2000×2000 pixels, at most"), (60_000, "far too many")])
def test_a_header_that_promises_too_much_is_refused_before_it_is_decoded(side: int, words: str) -> None:
    """A PNG of a header and no pixels: decoding it would fail, and differently."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(RefusedError, match=words):
        decode(data, LIMITS)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image",
        image_file()[:80],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
        b"GIF89a" + bytes(20),
    ],
)
def test_a_file_that_is_no_image_is_refused_with_one_sentence(data: bytes) -> None:
    with pytest.raises(UserError, match="cannot be read as an image"):
        decode(data, LIMITS)


def test_too_many_bytes_and_too_many_bits() -> None:
    with pytest.raises(RefusedError, match="at most") as refusal:
        decode(bytes(200_000), LIMITS)
    assert refusal.value.status == 413
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(buffer, "png")
    with pytest.raises(UserError, match="8 bits"):
        decode(buffer.getvalue(), LIMITS)


def test_large_images_are_made_smaller_and_masks_larger_again() -> None:
    image = np.arange(4 * 8 * 3, dtype=np.uint8).reshape(4, 8, 3)
    assert fitted(image, 8) is image
    small = fitted(image, 4)
    # Each pixel is the mean of four: 0, 3, 24 and 27 in the upper left.
    assert (small.shape, small[0, 0, 0]) == ((2, 4, 3), 14)
    mask = np.array([[1, 2]], np.uint8)
    assert enlarged(mask, 2, 4).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


def test_png_files_keep_indices() -> None:
    mask = np.array([[0, 1], [2, 1]], np.uint8)
    palette = np.zeros((256, 3), np.uint8)
    palette[2] = 9, 8, 7
    image = Image.open(io.BytesIO(png(mask, palette)))
    assert np.asarray(image).tolist() == mask.tolist()
    assert image.convert("RGB").getpixel((0, 1)) == (9, 8, 7)
