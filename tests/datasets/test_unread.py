"""Formats that are recognised: HEIC with its extra, others with what to do."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.heic import is_heic, is_readable
from segnet.datasets.image_files import read_image
from segnet.datasets.unread import unread_lines
from segnet.errors import UserError

WITHOUT_EXTRA = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pillow_heif" else found(name, *rest)
from pathlib import Path
from segnet.datasets.image_files import IMAGE_SUFFIXES, read_image
from segnet.errors import UserError
assert ".heic" not in IMAGE_SUFFIXES
try:
    read_image(Path(sys.argv[1]))
except UserError as error:
    print(error)
"""


@pytest.fixture
def heic(tmp_path: Path) -> Path:
    pytest.importorskip("pillow_heif").register_heif_opener()
    pixels = np.full((48, 64, 3), (200, 30, 40), np.uint8)
    pixels[:, 32:] = 20, 60, 180
    Image.fromarray(pixels).save(tmp_path / "a.heic", quality=95)
    return tmp_path / "a.heic"


def test_heic_is_read_with_its_extra(heic: Path) -> None:
    assert is_readable()
    image = read_image(heic)
    assert image.shape == (48, 64, 3)
    assert np.abs(image[24, [8, 56]].astype(int) - [(200, 30, 40), (20, 60, 180)]).max() < 12
    assert np.array_equal(read_image(Path("photo.jpg"), heic.read_bytes()), image)


def test_heic_without_the_extra_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic")
    command = [sys.executable, "-c", WITHOUT_EXTRA, str(tmp_path / "a.heic")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == f"{tmp_path / 'a.heic'}: HEIC, which is not read; to read them: pip install 'segnet[heic]'"


def test_reading_other_images_does_not_load_the_extra(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    code = (
        "import sys; from pathlib import Path; from segnet.datasets.image_files import read_image; "
        "read_image(Path(sys.argv[1])); print('pillow_heif' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("header", "expected"),
    [(b"\0\0\0\x18ftypheic", True), (b"\0\0\0\x18ftypmif1", True), (b"\0\0\0\x18ftypmp42", False), (b"", False)],
)
def test_heic_is_known_by_its_first_bytes(header: bytes, expected: bool) -> None:
    assert is_heic(header) == expected


def test_other_formats_are_named_with_what_to_do(tmp_path: Path) -> None:
    assert unread_lines(["a.GIF", "b.gif", "c.npy", "d.png"]) == [
        "2 GIF files (*.gif), not read; convert them, as with: magick mogrify -format png *.gif",
        "1 NumPy file (*.npy), not read; save each image as PNG",
    ]
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    with pytest.raises(UserError, match=r"a\.gif: GIF, which is not read; convert them, as with: magick"):
        read_image(tmp_path / "a.gif")
