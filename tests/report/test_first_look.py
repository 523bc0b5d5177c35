"""What a run shows as it begins."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from segnet.config_file import parse_config
from segnet.datasets.classes import ClassSet
from segnet.report.first_look import SHOWN, class_shares, first_keys, image_and_mask, write_first_look
from segnet.run_folder import RunFolder
from segnet.training.sample_images import GAP
from segnet.training.tasks.segmentation import SegmentationTask

NARROW = {"name": "segnet_lite", "widths": [4, 4, 4, 4], "depths": [1, 1], "dilations": [1]}


def test_the_first_samples_are_shown_as_they_are_trained_on(
    tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = parse_config(
        {
            "name": "run",
            "runs": str(tmp_path),
            "data": {"root": str(tiny_camvid), "workers": 0},
            "augmentation": [{"HorizontalFlip": {"p": 0.5}}],
            "model": NARROW,
            "training": {"epochs": 1, "batch_size": 2, "accelerator": "cpu"},
        },
        "test",
    )
    task, run = SegmentationTask(config), RunFolder(config.run_folder)
    run.path.mkdir()
    write_first_look(config, task, run)
    said = capsys.readouterr().err
    assert str(run.first_batches) in said
    assert "classes.png" in said
    shown = np.asarray(Image.open(run.first_batches))
    first = task.train_data[first_keys(config, len(task.train_data))[0]]
    np.testing.assert_array_equal(shown[:48, :64], first["image"].numpy().transpose(1, 2, 0))
    labelled = first["mask"].numpy() != task.classes.ignore_index
    colors = task.classes.palette[first["mask"].numpy()] * labelled[..., None]
    np.testing.assert_array_equal(shown[:48, 64 + GAP : 128 + GAP], colors)
    assert Image.open(run.classes).size[0] > 600

    figure = class_shares(task.train_split)
    bars = [bar.get_width() for bar in figure.axes[0].patches if isinstance(bar, Rectangle)]
    masks = np.concatenate([task.train_split.mask(n).ravel() for n in range(len(task.train_split))])
    car = task.classes.names.index("Car")
    assert bars[car] == pytest.approx((masks == car).mean())
    assert sum(bars) == pytest.approx(1)


def test_no_more_samples_are_drawn_than_there_are() -> None:
    config = parse_config({"model": NARROW, "training": {"epochs": 1, "batch_size": 4}}, "test")
    assert sorted(first_keys(config, 3)) == [(0, 0), (0, 1), (0, 2)]
    assert len(set(first_keys(config, 100))) == SHOWN


def test_large_samples_are_shrunk_and_what_is_ignored_is_black() -> None:

    classes = ClassSet(("a", "b"), ((255, 0, 0), (0, 255, 0)), 255)
    mask = np.full((640, 320), 255, np.uint8)
    mask[:320] = 1
    image, colors = image_and_mask(np.zeros((3, 640, 320), np.uint8), mask, classes)
    assert image.shape == colors.shape == (320, 160, 3)
    assert (colors[0, 0].tolist(), colors[-1, -1].tolist()) == ([0, 255, 0], [0, 0, 0])
