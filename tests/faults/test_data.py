"""Images and masks that are broken, lying, odd or out of reach: a line each, or read as they should be."""

import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.classes import CAMVID
from segnet.datasets.folder import pairs_from_folders
from segnet.datasets.image_files import read_image, read_mask
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.errors import UserError
from segnet.terminal import one_line
from tests.faults.programs import become_nobody, segnet
from tests.faults.rows import Row, fault

PIXELS = np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3)
LABELS = (np.arange(24 * 32) % 11).astype(np.uint8).reshape(24, 32)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


PNG = encoded(Image.fromarray(PIXELS), "png")
JPEG = encoded(Image.fromarray(PIXELS), "jpeg")


def refused(read: Callable[[Path], object], path: Path) -> str:
    """The line with which a file is refused."""
    with pytest.raises(UserError) as error:
        read(path)
    return str(error.value)


def bomb(side: int) -> bytes:
    """A PNG file of a few bytes that says it has ``side`` × ``side`` pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return PNG[:8] + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + PNG[33:]


@pytest.mark.parametrize(
    "content",
    [PNG[: len(PNG) // 2], JPEG[: len(JPEG) // 2], b"", b"%PDF-1.7 not an image", PNG[:-30] + bytes(30)],
    ids=["png cut short", "jpeg cut short", "empty", "a PDF", "zeros at the end"],
)
@fault(
    "Data",
    "an image or mask that is incomplete, empty or of another type than its name",
    shown="frame.png: cannot be read as an image (…); replace or remove it",
    kept="the run folder",
)
def test_a_damaged_image_is_named(content: bytes, tmp_path: Path, row: Row) -> None:
    path = tmp_path / "frame.png"
    path.write_bytes(content)
    for read in (read_image, read_mask):
        row.check_line(refused(read, path))


@fault(
    "Data",
    "a damaged image in a training or a prediction",
    shown="cannot be read as an image (…); replace or remove it",
    kept="everything that was written before",
)
def test_a_command_meets_a_damaged_image(tmp_path: Path, row: Row, model: Path) -> None:
    (tmp_path / "frame.png").write_bytes(PNG[:100])
    row.check(*segnet("predict", model, tmp_path / "frame.png", "--out", tmp_path / "out"))


@fault(
    "Data",
    "a damaged image among others that are segmented or measured",
    shown="1 of 2 images left out, named above; the others are in …out",
    kept="masks, overlays and measures of the others; `data.on_error=skip` does the same in a training",
)
def test_a_damaged_image_among_others(tmp_path: Path, row: Row, model: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG[:100])
    (tmp_path / "b.png").write_bytes(PNG)
    row.check(*segnet("predict", model, tmp_path, "--out", tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b_mask.png", "b_overlay.png"]


@fault(
    "Data",
    "an image with 16 bits for each channel",
    shown="frame.png: an image of 1 channel of 16 bits; up to 3 channels of 8 bits are read. Bring all images to that",
    kept="its range is never guessed",
)
def test_16_bit_images_are_refused(tmp_path: Path, row: Row) -> None:
    Image.fromarray(LABELS.astype(np.uint16) * 256).save(tmp_path / "frame.png")
    row.check_line(refused(read_image, tmp_path / "frame.png"))


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "png"), ("LA", "png"), ("RGBA", "png"), ("P", "png"), ("CMYK", "jpeg")]
)
@fault(
    "Data",
    "a grey image, or one with transparency, with a palette, or in CMYK",
    shown="",
    code=0,
    kept="it is read as RGB without transparency",
)
def test_other_colour_models_are_read_as_rgb(mode: str, kind: str, tmp_path: Path, row: Row) -> None:
    colors: dict[str, float | tuple[float, ...]] = {
        "CMYK": (0, 255, 255, 0),
        "RGBA": (255, 0, 0, 10),
        "P": 0,
        "L": 76,
        "LA": (76, 10),
    }
    image = Image.new(mode, (32, 24), colors[mode])
    if mode == "P":
        image.putpalette([255, 0, 0] * 256)
    (tmp_path / "image").write_bytes(encoded(image, kind))
    found = read_image(tmp_path / "image")
    assert found.shape == (24, 32, 3)
    wanted = (76, 76, 76) if mode in ("L", "LA") else (255, 0, 0)
    assert np.abs(found.astype(int) - wanted).max() < 4
    row.check(0, "")


@fault(
    "Data",
    "an image that the camera stored on its side (EXIF)",
    shown="",
    code=0,
    kept="it is turned as in every viewer",
)
def test_images_are_turned_by_their_exif_orientation(tmp_path: Path, row: Row) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(tmp_path / "photo.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "photo.png"), np.rot90(PIXELS, -1))
    row.check(0, "")


def sample_of(mask: Image.Image, folder: Path) -> Callable[[Path], object]:
    """Reads a pair of an image and ``mask``, whose path it is given."""
    Image.fromarray(PIXELS).save(folder / "frame.png")
    mask.save(folder / "mask.png")
    return lambda path: ImagesAndMasks([Pair(folder / "frame.png", path)], CAMVID)[0]


@fault(
    "Data",
    "a mask with labels without a class",
    shown="label 12, 200 found, but there are 11 classes (0 to 10) and 11 is ignored; correct the mask",
    kept="no pixel is trained on as another class",
)
def test_labels_out_of_range(tmp_path: Path, row: Row) -> None:
    labels = LABELS.copy()
    labels[3, 3], labels[4, 4] = 12, 200
    row.check_line(refused(sample_of(Image.fromarray(labels), tmp_path), tmp_path / "mask.png"))


@fault(
    "Data",
    "a mask whose size differs from its image",
    shown="the mask is 32×20 pixels, its image … is 32×24; save both at the same size",
    kept="nothing is stretched",
)
def test_a_mask_of_another_size(tmp_path: Path, row: Row) -> None:
    row.check_line(refused(sample_of(Image.fromarray(LABELS[:20]), tmp_path), tmp_path / "mask.png"))


@fault(
    "Data",
    "a mask saved in its colours instead of its indices",
    shown="the mask is an image of type RGB; a mask has one 8-bit channel (or a palette) that holds the class index",
    kept="the colours' grey values are not taken for classes",
)
def test_a_mask_in_colours(tmp_path: Path, row: Row) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "mask.png")
    row.check_line(refused(read_mask, tmp_path / "mask.png"))


@fault(
    "Data",
    "a mask with a palette of any colours",
    shown="",
    code=0,
    kept="it is read by index; its colours have no effect",
)
def test_palette_masks_are_read_by_index(tmp_path: Path, row: Row) -> None:
    mask = Image.fromarray(LABELS).convert("P")
    mask.putpalette([7, 7, 7] * 256)
    mask.putdata(LABELS.ravel().tolist())
    mask.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), LABELS)
    row.check(0, "")


@fault(
    "Data",
    "a link to itself",
    shown="loop.png: cannot be read as an image (…Too many levels of symbolic links…); replace or remove it",
    kept="the command ends at once",
)
def test_a_link_to_itself_is_refused(tmp_path: Path, row: Row, model: Path) -> None:
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop)
    row.check_line(refused(read_image, loop))
    row.check(*segnet("predict", model, loop, "--out", tmp_path / "out"))


@fault(
    "Data",
    "a file that this user may not read",
    shown="frame.png: cannot be read as an image (…Permission denied…); replace or remove it",
    kept="the command ends at once",
)
def test_a_file_without_permission_is_named(public_folder: Path, row: Row) -> None:
    path = public_folder / "frame.png"
    path.write_bytes(PNG)
    path.chmod(0)
    if os.getuid() != 0:
        row.check_line(refused(read_image, path))
        return
    # Root may read everything: another user has to try.
    child = os.fork()
    if child == 0:
        become_nobody()
        try:
            row.check_line(refused(read_image, path))
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


ODD_NAMES = [
    "Straße 東京 ñ.png".encode(),
    b"not UTF-8 \xff\xfe.png",
    b"new\nline and \x1b[31mcolour.png",
    b"<img src=x onerror=alert(1)>.png",
    b"--out.png",
    b"a" * 251 + b".png",
]


@fault(
    "Data",
    "file names that are not ASCII, not text, very long, or with newlines, terminal codes or HTML",
    shown="cannot be read as an image (…); replace or remove it",
    kept="the files are found and read; in a message, control characters are written out",
)
def test_files_with_odd_names_are_read(tmp_path: Path, row: Row) -> None:
    images, masks = tmp_path / "images", tmp_path / "masks"
    for folder, pixels in ((images, PIXELS), (masks, LABELS)):
        folder.mkdir()
        for name in ODD_NAMES:
            with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123 - a name of bytes
                file.write(encoded(Image.fromarray(pixels), "png"))
    pairs = pairs_from_folders(images, masks)
    data = ImagesAndMasks(pairs, CAMVID)
    assert sorted(os.fsencode(pair.image.name) for pair in pairs) == sorted(ODD_NAMES)
    for index, pair in enumerate(pairs):
        np.testing.assert_array_equal(data[index].image, PIXELS)
        pair.image.write_bytes(b"damaged")
        line = one_line(refused(read_image, pair.image))
        assert line.isprintable()
        row.check_line(line)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """One to sixteen bits, bytes or stretches of ``content`` changed, taken out or put in, or its end cut off."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        place = chance.randrange(len(data)) if data else 0
        kind = chance.randrange(5)
        if kind == 0 and data:
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[place] = chance.choice([0, 127, 128, 255])
        elif kind == 2:
            del data[place : place + chance.randrange(1, 20)]
        elif kind == 3:
            data[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif chance.random() < 0.3:
            del data[place:]
    return bytes(data)
