"""An image read, segmented and written by rows gets the mask of the image as a whole."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from segnet.cli import main
from segnet.inference.drawing_colors import drawing_colors
from segnet.inference.large_image import Shrunken
from segnet.model import load

pytest.importorskip("pyvips")


def test_the_mask_by_rows_is_that_of_the_whole_image(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("segnet.inference.large_image.LONGEST", 60)
    image = np.random.default_rng(0).integers(0, 256, (151, 203, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "aerial.png")
    command = ["predict", str(tiny_run), str(tmp_path / "aerial.png"), "--out", str(tmp_path), "--tile", "48x64"]
    assert main([*command, "--max-pixels", "1000"]) == 0, capsys.readouterr().err
    whole = load(str(tiny_run), tile=(48, 64)).predict(image)
    mask = Image.open(tmp_path / "aerial_mask.png", formats=["PNG"])
    np.testing.assert_array_equal(np.array(mask), whole.mask)
    assert mask.getpalette()[:6] == whole.classes.palette[:2].ravel().tolist()  # type: ignore[index]
    # 203 columns at no more than 60: a quarter of the side, above the legend.
    overlay = np.array(Image.open(tmp_path / "aerial_overlay.png", formats=["PNG"]))
    small = cv2.resize(image[:148, :200], (50, 37), interpolation=cv2.INTER_AREA)
    assert overlay.shape[1] == 50
    colors = (overlay[:37].astype(int) - small * 0.5) * 2
    drawn = np.abs(colors[..., None, :] - np.array(drawing_colors(whole.classes))).max(-1).argmin(-1)
    np.testing.assert_array_equal(drawn, whole.mask[2::4, 2::4][:37, :50])


def test_a_large_image_that_cannot_be_read_by_rows_leaves_nothing_behind(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = tmp_path / "aerial.png", tmp_path / "out"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (151, 203, 3), np.uint8)).save(image)
    image.write_bytes(image.read_bytes()[:60_000])
    command = ["predict", str(tiny_run), str(image), "--out", str(out), "--tile", "48x64", "--max-pixels", "1000"]
    assert main(command) == 1
    assert "aerial.png: cannot be read as an image" in capsys.readouterr().err
    assert not list(out.iterdir())


def test_rows_that_come_in_parts_shrink_to_the_mean_of_whole_blocks() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (11, 6, 3), np.uint8)
    small = Shrunken(6, 3)
    for part in np.split(rows, [1, 2, 7]):
        small.add(part)
    means = rows[:9].reshape(3, 3, 2, 3, 3).mean((1, 3))
    np.testing.assert_allclose(small.pixels, means, atol=0.51)
