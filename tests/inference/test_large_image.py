"""An image read, segmented and written by rows gets the mask of the image as a whole."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from segnet.cli import main
from segnet.inference.drawing_colors import drawing_colors
from segnet.inference.shrunken import Shrunken
from segnet.model import load

pytest.importorskip("pyvips")


def test_the_mask_by_rows_is_that_of_the_whole_image(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("segnet.inference.sketch.LONGEST", 60)
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


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def predicted(tmp_path: Path, out: str, *words: object) -> dict[str, bytes]:
    """The files of ``aerial.png``, of which 203 x 151 random pixels are seen in tiles."""
    image = np.random.default_rng(0).integers(0, 256, (151, 203, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "aerial.png")
    command = ["predict", words[0], tmp_path / "aerial.png", "--tile", "48x64", "--out", tmp_path / out, *words[1:]]
    assert main([str(word) for word in command]) == 0
    return files_in(tmp_path / out)


@pytest.mark.parametrize("polygons", ["labelme", "coco", "geojson", "yolo"])
def test_all_outlines_by_rows_are_those_of_the_whole_image(tiny_run: Path, tmp_path: Path, polygons: str) -> None:
    words = tiny_run, "--polygons", polygons
    whole, by_rows = predicted(tmp_path, "whole", *words), predicted(tmp_path, "rows", *words, "--max-pixels", 1000)
    assert whole.keys() == by_rows.keys()
    outlines = [name for name in whole if not name.endswith(".png")]
    assert outlines
    assert {name: whole[name] for name in outlines} == {name: by_rows[name] for name in outlines}


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("also", [[], ["--flip", "--scales", "1,1.5"], ["--layout", "side", "--no-legend"]])
def test_confidence_and_probabilities_by_rows_are_those_of_the_whole_image(
    tiny_run: Path, tmp_path: Path, bits: int, also: list[str]
) -> None:
    words = tiny_run, "--confidence", bits, "--probabilities", *also
    whole, by_rows = predicted(tmp_path, "whole", *words), predicted(tmp_path, "rows", *words, "--max-pixels", 1000)
    assert whole.keys() == by_rows.keys()
    assert whole["aerial_probabilities.npy"] == by_rows["aerial_probabilities.npy"]
    for name in ("aerial_mask.png", "aerial_confidence.png"):
        first, second = (Image.open(tmp_path / folder / name, formats=["PNG"]) for folder in ("whole", "rows"))
        assert first.mode == second.mode
        np.testing.assert_array_equal(np.array(first), np.array(second))
    # It is small enough not to be made smaller.
    first, second = (
        Image.open(tmp_path / folder / "aerial_overlay.png", formats=["PNG"]) for folder in ("whole", "rows")
    )
    np.testing.assert_array_equal(np.array(first), np.array(second))


def test_uncertainty_by_rows_is_drawn_as_that_of_the_whole_image(tiny_run: Path, tmp_path: Path) -> None:
    words = tiny_run, "--layout", "uncertainty", "--flip"
    whole, by_rows = predicted(tmp_path, "whole", *words), predicted(tmp_path, "rows", *words, "--max-pixels", 1000)
    assert whole["aerial_overlay.png"] == by_rows["aerial_overlay.png"]


@pytest.mark.parametrize("size", [(3, 300), (300, 3)])
def test_an_image_thinner_than_a_pixel_of_its_overlay_still_has_one(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr("segnet.inference.sketch.LONGEST", 60)
    Image.new("RGB", size, (90, 90, 90)).save(tmp_path / "strip.png")
    command = ["predict", str(tiny_run), str(tmp_path / "strip.png"), "--out", str(tmp_path), "--tile", "48x64"]
    assert main([*command, "--max-pixels", "10", "--no-legend"]) == 0
    assert Image.open(tmp_path / "strip_mask.png", formats=["PNG"]).size == size
    overlay = Image.open(tmp_path / "strip_overlay.png", formats=["PNG"])
    assert overlay.size == (max(size[0] // 3, 1), max(size[1] // 3, 1))


def test_outlines_that_memory_does_not_hold_are_refused_before_the_network_runs(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("segnet.inference.memory.free_memory", lambda: 300_000)
    Image.new("RGB", (203, 151)).save(tmp_path / "aerial.png")
    command = ["predict", str(tiny_run), str(tmp_path / "aerial.png"), "--out", str(tmp_path / "out")]
    assert main([*command, "--tile", "48x64", "--max-pixels", "1000", "--polygons", "yolo"]) == 1
    assert "aerial.png: the outlines of 151x203 pixels take 0.0 GB, and 0.0 GB are free" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())


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
    small = Shrunken((11, 6), 3)
    for part in np.split(rows, [1, 2, 7]):
        small.add(part)
    means = rows[:9].reshape(3, 3, 2, 3, 3).mean((1, 3))
    np.testing.assert_allclose(small.pixels, means, atol=0.51)
