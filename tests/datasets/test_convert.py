"""Conversion to the plain layout: what is written, what is refused, and going on after an interruption."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.config import DataConfig
from segnet.datasets.convert import JOURNAL, Summary, convert
from segnet.datasets.formats import open_layout
from segnet.datasets.image_files import read_image
from segnet.datasets.load import load_split
from segnet.datasets.meaning import look_and_settle
from segnet.datasets.samples import ImagesAndMasks
from segnet.errors import UserError
from tests.datasets.folders import color_mask, index_mask, photo
from tests.datasets.test_formats import CASES

RED, BLUE, BLACK = (255, 0, 0), (0, 0, 255), (0, 0, 0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four pairs of two sequences in RGB colours, with a file that names them."""
    root = tmp_path / "source"
    for index, name in enumerate(("a_1", "a_2", "b_1", "b_2")):
        photo(root / f"images/{name}.jpg", seed=index)
        color_mask(root / f"masks/{name}_mask.png", [RED, BLUE, BLACK])
    (root / "classes.csv").write_text("name,r,g,b\nroad,255,0,0\ncar,0,0,255\nvoid,0,0,0\n")
    return root


def run(source: Path, out: Path, **options: object) -> Summary:
    layout = look_and_settle(open_layout(source)[1])
    return convert(layout, source, out, workers=1, **options)  # type: ignore[arg-type]


def read(out: Path, split: str, **settings: object) -> ImagesAndMasks:
    data = {"name": "folder", "root": str(out), "classes": ["road", "car"]} | settings
    return load_split(DataConfig.model_validate(data), split)


def test_the_plain_layout_holds_the_same_images_and_labels(source: Path, tmp_path: Path) -> None:
    summary = run(source, tmp_path / "out", splits={"train": "all-b", "val": "all@b"})
    assert (summary.converted, summary.already, summary.skipped) == (4, 0, [])
    train = read(tmp_path / "out", "train")
    assert [pair.image.name for pair in train.pairs] == ["a_1.jpg", "a_2.jpg"]
    assert train[0].mask[0].tolist() == [0] * 6 + [1] * 6 + [255] * 4
    assert np.array_equal(train[0].image, read_image(source / "images/a_1.jpg"))
    assert (tmp_path / "out/images/train/a_1.jpg").read_bytes() == (source / "images/a_1.jpg").read_bytes()
    assert len(read(tmp_path / "out", "val")) == 2
    # The output says what it holds: it can be inspected and converted again.
    layout = look_and_settle(open_layout(tmp_path / "out")[1])
    assert layout.classes is not None
    assert (layout.classes.names, layout.classes.colors) == (("road", "car"), (RED, BLUE))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[1].__name__))
def test_every_format_converts_to_plain_folders(tmp_path: Path, case: tuple[object, ...]) -> None:
    _, build, splits, classes, expected = case
    build(tmp_path / "in")  # type: ignore[operator]
    summary = run(tmp_path / "in", tmp_path / "out")
    assert summary.unknown == {}
    layout = look_and_settle(open_layout(tmp_path / "out", "generic")[1])
    names = [split for split in splits if split != "trainval"]  # type: ignore[attr-defined]
    assert sorted(layout.splits) == sorted(names)
    assert layout.classes is not None
    assert len(layout.classes) == classes
    for pair in layout.pairs:
        labels = layout.coding.decode(pair).labels
        assert np.unique(labels).tolist() == expected["labels"]  # type: ignore[index]


def test_rotated_and_deep_images_are_written_as_they_are_read(source: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(source / "images/a_1.jpg", (16, 12), exif=exif)
    upright = read_image(source / "images/a_1.jpg")
    run(source, tmp_path / "out")
    assert np.array_equal(read_image(tmp_path / "out/images/all/a_1.png"), upright)
    assert Image.open(tmp_path / "out/images/all/a_1.png").getexif() == {}


def test_an_interrupted_conversion_goes_on(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    Image.new("RGB", (3, 3)).save(source / "masks/b_1_mask.png")
    with pytest.raises(UserError, match=r"b_1_mask.png: the mask is 3×3 pixels, its image .*b_1.jpg is 16×12"):
        run(source, out)
    assert not (out / "masks/all/b_1.png").exists()
    color_mask(source / "masks/b_1_mask.png", [RED])
    with (out / JOURNAL).open("a") as journal:
        journal.write('{"name": "all/b_')  # cut in the middle of a line
    written = (out / "masks/all/a_1.png").stat().st_mtime_ns
    summary = run(source, out)
    assert (summary.converted, summary.already) == (2, 2)
    assert (out / "masks/all/a_1.png").stat().st_mtime_ns == written
    assert run(source, out).already == 4
    # What has changed or is gone is done again.
    color_mask(source / "masks/a_1_mask.png", [BLUE])
    os.utime(source / "masks/a_1_mask.png", ns=(1, 1))
    (out / "masks/all/a_2.png").unlink()
    assert (run(source, out).converted, read(out, "all")[0].mask.max()) == (2, 1)


def test_bad_pairs_stop_or_are_left_out(source: Path, tmp_path: Path) -> None:
    (source / "images/a_2.jpg").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"a_2.jpg: cannot be read as an image .* with --on-error skip"):
        run(source, tmp_path / "out")
    summary = run(source, tmp_path / "out", skip_errors=True)
    assert (summary.converted + summary.already, len(summary.skipped)) == (3, 1)
    photo(source / "images/c_1.jpg")
    with pytest.raises(UserError, match=r"c_1.jpg: no mask belongs to it \(of 1 such images\)"):
        run(source, tmp_path / "out")
    assert len(run(source, tmp_path / "out", skip_errors=True).skipped) == 2


def test_unknown_colours_stop_or_are_ignored_and_counted(source: Path, tmp_path: Path) -> None:
    color_mask(source / "masks/b_2_mask.png", [RED, (254, 0, 0)])
    with pytest.raises(UserError, match=r"the mask holds #fe0000 \(96 pixels\), which stand for no class; ignore"):
        run(source, tmp_path / "out")
    summary = run(source, tmp_path / "ignored", ignore_unknown=True)
    assert summary.unknown == {"#fe0000": 96}
    assert run(source, tmp_path / "ignored", ignore_unknown=True).unknown == {"#fe0000": 96}
    assert read(tmp_path / "ignored", "all")[3].mask[0].tolist() == [0] * 8 + [255] * 8


def test_folders_of_something_else_are_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds files that segnet convert did not write"):
        run(source, tmp_path / "out")
    run(source, tmp_path / "other")
    with pytest.raises(UserError, match="was begun with other settings"):
        run(source, tmp_path / "other", ignore_unknown=True)


def test_one_name_in_two_folders_keeps_both(tmp_path: Path) -> None:
    for camera in ("left", "right"):
        photo(tmp_path / f"in/images/train/{camera}/1.jpg")
        index_mask(tmp_path / f"in/masks/train/{camera}/1.png", [0, 1])
    (tmp_path / "in/classes.txt").write_text("road\ncar\n")
    run(tmp_path / "in", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out/masks/train").iterdir()) == ["left_1.png", "right_1.png"]
