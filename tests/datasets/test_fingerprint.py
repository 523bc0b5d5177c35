"""What a data set's fingerprint sees, and what it takes for the same."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from segnet.datasets.fingerprint import END, fingerprint
from segnet.datasets.image_files import as_png

MASK = np.random.default_rng(0).integers(0, 11, (90, 120), np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    for index, content in enumerate((as_png(MASK), b"", b"short", bytes(2 * END + 1))):
        (folder / f"{index}.png").write_bytes(content)
    return sorted(folder.iterdir())


def test_a_copy_of_another_time_is_the_same(files: list[Path], tmp_path: Path) -> None:
    copied = Path(shutil.copytree(files[0].parent, tmp_path / "copy"))
    for path in copied.iterdir():
        os.utime(path, (0, 0))
    assert fingerprint(sorted(copied.iterdir())) == fingerprint(files)


def test_a_pixel_is_seen_even_where_length_and_time_stay(files: list[Path]) -> None:
    before, time = fingerprint(files), files[0].stat().st_mtime_ns
    length = files[0].stat().st_size
    for value in range(11):
        mask = MASK.copy()
        mask[45, 60] = value
        if value != MASK[45, 60] and len(as_png(mask)) == length:
            break
    else:
        pytest.skip("no change of one pixel keeps the length here")
    files[0].write_bytes(as_png(mask))
    os.utime(files[0], ns=(time, time))
    assert fingerprint(files) != before


def test_another_order_another_name_and_a_file_less_are_seen(files: list[Path]) -> None:
    found = {fingerprint(files), fingerprint(files[::-1]), fingerprint(files[:-1])}
    files[1] = files[1].rename(files[1].with_name("other.png"))
    assert len(found | {fingerprint(files)}) == 4
