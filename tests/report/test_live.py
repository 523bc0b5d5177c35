"""What TensorBoard gets to see while a run goes on."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from segnet.config import Config
from segnet.config_file import parse_config
from segnet.experiment import TASKS, launch
from segnet.report.grid import GAP
from segnet.report.live import SHOWN_PREDICTIONS, as_pictures, sample_pictures
from segnet.training.loop import Trainer
from segnet.training.run_folder import RunFolder


def config(runs: Path, **settings: Any) -> Config:
    training = {"epochs": 2, "batch_size": 5, "accelerator": "cpu"}
    return parse_config({"name": "run", "runs": str(runs), "training": training, **settings}, "test")


def test_sample_predictions_are_logged_at_every_measurement(tiny_camvid: Path, tmp_path: Path) -> None:
    narrow = {"name": "segnet_lite", "widths": [4, 4, 4, 4], "depths": [1, 1], "dilations": [1]}
    settings = config(tmp_path, data={"root": str(tiny_camvid), "workers": 0}, model=narrow)
    fabric, run = launch(settings), RunFolder(settings)
    task = TASKS["segmentation"](settings)
    with run.open(settings, resume=False):
        Trainer(task, settings, fabric, run, sample_pictures(task, fabric)).train(resume=False)
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    pictures = events.Images("val samples")
    assert [picture.step for picture in pictures] == [2, 4]
    shown = np.asarray(Image.open(io.BytesIO(pictures[-1].encoded_image_string)))
    assert shown.shape == (SHOWN_PREDICTIONS * (48 + GAP) - GAP, 3 * (64 + GAP) - GAP, 3)
    # The first column is the images themselves.
    np.testing.assert_array_equal(shown[:48, :64], task.val_split[0].image)  # type: ignore[union-attr,index]


def test_reconstructions_stand_below_what_was_damaged(tiny_camvid: Path, tmp_path: Path) -> None:
    settings = config(
        tmp_path,
        task="reconstruction",
        data={"name": "patches", "root": str(tiny_camvid), "patch_size": 32, "patch_color": True},
        model={"name": "convolutional_autoencoder", "widths": [4], "code_size": 4},
        reconstruction={"corruptions": [{"name": "gaussian", "strengths": [0.3]}]},
    )
    task = TASKS[settings.task](settings)
    draw = sample_pictures(task, launch(settings))
    assert draw is not None
    side = 32 * 3
    picture = draw(task.network)
    assert picture.shape[0] == 3 * (side + GAP) - GAP
    first = task.val_images.pixels[0].transpose(1, 2, 0)  # type: ignore[union-attr]
    np.testing.assert_array_equal(picture[1:side:3, 1:side:3], first)
    assert not np.array_equal(picture[side + GAP + 1 : 2 * side + GAP : 3, 1:side:3], first)


def test_whole_images_are_shown_once_and_classes_not_at_all(tmp_path: Path) -> None:
    dense = {"name": "dense_autoencoder", "widths": [4]}
    plain = config(tmp_path, task="reconstruction", data={"name": "digits"}, model=dense)
    draw = sample_pictures(task := TASKS[plain.task](plain), launch(plain))
    assert draw is not None
    assert draw(task.network).shape[0] == 2 * (28 * 3 + GAP) - GAP
    stack = config(
        tmp_path,
        task="classification",
        data={"name": "digits"},
        model={"name": "stacked_autoencoder", "widths": [4]},
    )
    assert sample_pictures(TASKS[stack.task](stack), launch(stack)) is None


def test_grey_becomes_rgb_and_small_images_are_enlarged() -> None:
    (picture,) = as_pictures(torch.arange(4, dtype=torch.uint8).reshape(1, 1, 2, 2))
    assert picture.shape == (96, 96, 3)
    assert picture[0, 48].tolist() == [1, 1, 1]
