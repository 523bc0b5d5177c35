"""``segnet inspect`` and ``segnet convert`` as they are typed, to a network that has learned for an epoch."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from segnet.cli import main
from segnet.config_file import load_config
from segnet.datasets.load import load_train_split
from segnet.run_folder import RunFolder
from segnet.training.launch import launch
from segnet.training.loop import Trainer
from segnet.training.tasks.segmentation import SegmentationTask
from tests.datasets.folders import color_mask, index_mask, photo

QUICK = [
    "training.epochs=1",
    "training.accelerator=cpu",
    "training.precision=32-true",
    "data.workers=0",
    "model.widths=[8,8,8,8]",
    "model.depths=[1,1]",
    "model.dilations=[1]",
]


@pytest.fixture
def colored(tmp_path: Path) -> Path:
    """Eight pairs in RGB colours without any split, with a colour that a class file does not name."""
    root = tmp_path / "mine"
    for index in range(8):
        photo(root / f"images/{index}.jpg", (48, 64), seed=index)
        color_mask(root / f"masks/{index}.png", [(255, 0, 0), (0, 0, 255), (0, 0, 0)], (48, 64))
    (root / "classes.csv").write_text("name,r,g,b\nroad,255,0,0\n<b>car</b>,0,0,255\nvoid,0,0,0\n")
    return root


def train(config: Path, runs: Path) -> float:
    settings = load_config(config, [*QUICK, f"runs={runs}"])
    fabric, task, folder = launch(settings), SegmentationTask(settings), RunFolder(settings.run_folder)
    with folder.open(settings, resume=False):
        Trainer(task, settings, fabric, folder).train(resume=False)
    rows = folder.metrics_csv.read_text().splitlines()
    return float(dict(zip(rows[0].split(","), rows[1].split(","), strict=True))["val_mean_iou"])


def test_classes_of_an_inspected_set_are_merged_and_ignored_by_name(colored: Path, tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    assert main(["inspect", str(colored), "--config", str(config)]) == 0
    data = load_config(config, ["data.merge={way: [road]}", "data.ignore=['<b>car</b>', void]"]).data
    split = load_train_split(data)
    assert split.classes.names == ("way",)
    # A third of each image is road; the second third has become the ignored label.
    assert split.mask(0)[0].tolist() == [0] * 22 + [split.classes.ignore_index] * 42


def test_the_config_trains_at_once(colored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "mine.yaml"
    assert main(["inspect", str(colored), "--config", str(config), "--json", str(tmp_path / "found.json")]) == 0
    out = capsys.readouterr().out
    assert "<b>car</b>" in out
    assert f"segnet train --config {config}" in out
    settings = yaml.safe_load(config.read_text())
    assert settings["data"]["format"] == "generic"
    assert settings["data"]["classes"] == ["road", "<b>car</b>"]
    assert settings["augmentation"][1]["RandomCrop"]["height"] == 32
    assert settings["loss"][0]["class_weights"] == "enet"
    found = json.loads((tmp_path / "found.json").read_text())
    assert [row["pixels"] for row in found["classes"]] == [8 * 22 * 48, 8 * 22 * 48]
    pixels = np.stack([np.asarray(Image.open(colored / f"images/{index}.jpg")) for index in range(8)])
    assert settings["model"]["input"]["mean"] == pytest.approx(pixels.mean((0, 1, 2)), abs=0.01)
    assert settings["model"]["input"]["std"] == pytest.approx(pixels.std((0, 1, 2)), abs=0.01)
    assert 0 <= train(config, tmp_path / "runs") <= 1


def test_a_converted_folder_trains_in_the_plain_layout(colored: Path, tmp_path: Path) -> None:
    out = tmp_path / "plain"
    splits = ["--split", "train=all%0..70", "--split", "val=all%70..100"]
    assert main(["convert", str(colored), str(out), *splits]) == 0
    config = tmp_path / "plain.yaml"
    assert main(["inspect", str(out), "--config", str(config)]) == 0
    settings = yaml.safe_load(config.read_text())
    assert "format" not in settings["data"]
    assert (settings["data"]["train"], settings["data"]["val"]) == ("train", "val")
    assert 0 <= train(config, tmp_path / "runs") <= 1


@pytest.mark.parametrize("values", [[0, 255], [0, 85, 170], [0, 1, 0, 1, 0, 1, 255]])
def test_masks_without_names_get_a_config_too(tmp_path: Path, values: list[int]) -> None:
    for index in range(4):
        photo(tmp_path / f"in/images/{index}.png", (48, 64), seed=index)
        index_mask(tmp_path / f"in/masks/{index}.png", values, (48, 64))
    config = tmp_path / "found.yaml"
    assert main(["inspect", str(tmp_path / "in"), "--config", str(config)]) == 0
    task = SegmentationTask(load_config(config, QUICK))
    kept = {value for value in values if value != 255 or values == [0, 255]}
    assert len(task.classes) == len(kept)
    assert set(np.unique(task.train_split[0].mask)) <= {*range(len(kept)), 255}
    assert not task.train_split[0].mask[:, :10].any()


def test_mistakes_end_with_one_line(tmp_path: Path, colored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def line(*argv: str) -> str:
        assert main(list(argv)) == 1
        [text] = capsys.readouterr().err.strip().splitlines()
        return text

    assert "nowhere: no such folder" in line("inspect", str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    assert "no images with masks in any layout" in line("inspect", str(tmp_path / "empty"))
    (tmp_path / "mine.yaml").write_text("name: thesis\n")
    assert "did not write" in line("inspect", str(colored), "--config", str(tmp_path / "mine.yaml"))
    assert "expected NAME=CHOICE" in line("convert", str(colored), str(tmp_path / "out"), "--split", "val")
    (colored / "images/3.jpg").write_bytes(b"no")
    assert "3.jpg: cannot be read" in line("convert", str(colored), str(tmp_path / "out"))
    assert main(["convert", str(colored), str(tmp_path / "out"), "--on-error", "skip"]) == 0
    assert "left out: " in capsys.readouterr().out


def test_the_page_shows_images_and_escapes_names(colored: Path, tmp_path: Path) -> None:
    (colored / "images/3.jpg").write_bytes(b"no")
    assert main(["inspect", str(colored), "--report", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text()
    assert "&lt;b&gt;car&lt;/b&gt;" in text
    assert "<b>car" not in text
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'<use href="#([^"]+)"', text))
    assert used <= set(ids)
    assert sum(name.startswith("augmented-") for name in used) == 2 * 3 * 4
    assert "3.jpg: cannot be read as an image" in text
    assert "class_weights: enet" in text
