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
from segnet.datasets.classes import ClassSet
from segnet.run_folder import RunFolder
from segnet.training.launch import launch
from segnet.training.loop import Trainer
from segnet.training.sample_images import (
    GAP,
    MAX_SIDE,
    SHOWN_PREDICTIONS,
    as_images,
    grid,
    prediction_row,
    sample_images,
)
from segnet.training.tasks.build import TASKS


def config(runs: Path, **settings: Any) -> Config:
    training = {"epochs": 2, "batch_size": 5, "accelerator": "cpu"}
    return parse_config({"name": "run", "runs": str(runs), "training": training, **settings}, "test")


def test_sample_predictions_are_logged_at_every_measurement(tiny_camvid: Path, tmp_path: Path) -> None:
    narrow = {"name": "segnet_lite", "widths": [4, 4, 4, 4], "depths": [1, 1], "dilations": [1]}
    settings = config(tmp_path, data={"root": str(tiny_camvid), "workers": 0}, model=narrow)
    fabric, run = launch(settings), RunFolder(settings.run_folder)
    task = TASKS["segmentation"](settings)
    with run.open(settings, resume=False):
        Trainer(task, settings, fabric, run, sample_images(task, fabric)).train(resume=False)
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    images = events.Images("val samples")
    assert [image.step for image in images] == [2, 4]
    shown = np.asarray(Image.open(io.BytesIO(images[-1].encoded_image_string)))
    assert shown.shape == (SHOWN_PREDICTIONS * (48 + GAP) - GAP, 3 * (64 + GAP) - GAP, 3)
    # The first column is the images themselves.
    np.testing.assert_array_equal(shown[:48, :64], task.val_split[0].image)  # type: ignore[union-attr]


def test_reconstructions_stand_below_what_was_damaged(tiny_camvid: Path, tmp_path: Path) -> None:
    settings = config(
        tmp_path,
        task="reconstruction",
        data={"name": "patches", "root": str(tiny_camvid), "patch_size": 32, "patch_color": True},
        model={"name": "convolutional_autoencoder", "widths": [4], "latent_size": 4},
        reconstruction={"corruptions": [{"name": "gaussian", "strengths": [0.3]}]},
    )
    task = TASKS[settings.task](settings)
    draw = sample_images(task, launch(settings))
    assert draw is not None
    side = 32 * 3
    image = draw(task.network)
    assert image.shape[0] == 3 * (side + GAP) - GAP
    first = task.val_images.pixels[0].transpose(1, 2, 0)  # type: ignore[union-attr]
    np.testing.assert_array_equal(image[1:side:3, 1:side:3], first)
    assert not np.array_equal(image[side + GAP + 1 : 2 * side + GAP : 3, 1:side:3], first)


def test_whole_images_are_shown_once_and_classes_not_at_all(tmp_path: Path) -> None:
    dense = {"name": "dense_autoencoder", "widths": [4]}
    plain = config(tmp_path, task="reconstruction", data={"name": "digits"}, model=dense)
    draw = sample_images(task := TASKS[plain.task](plain), launch(plain))
    assert draw is not None
    assert draw(task.network).shape[0] == 2 * (28 * 3 + GAP) - GAP
    stack = config(
        tmp_path,
        task="classification",
        data={"name": "digits"},
        model={"name": "stacked_autoencoder", "widths": [4]},
    )
    assert sample_images(TASKS[stack.task](stack), launch(stack)) is None


def test_grey_becomes_rgb_and_small_images_are_enlarged() -> None:
    (image,) = as_images(torch.arange(4, dtype=torch.uint8).reshape(1, 1, 2, 2))
    assert image.shape == (96, 96, 3)
    assert image[0, 48].tolist() == [1, 1, 1]


CLASSES = ClassSet(("a", "b"), ((10, 20, 30), (200, 0, 0)), 255)


def test_a_row_holds_image_truth_and_prediction() -> None:
    image = np.full((2, 3, 3), 7, np.uint8)
    mask = np.array([[0, 1, 255], [0, 1, 1]], np.uint8)
    prediction = np.array([[1, 1, 1], [0, 0, 1]], np.uint8)
    photo, truth, ours = prediction_row(image, mask, prediction, CLASSES)
    assert photo.tolist() == image.tolist()
    assert truth[0].tolist() == [[10, 20, 30], [200, 0, 0], [0, 0, 0]]
    assert ours[0].tolist() == [[200, 0, 0], [200, 0, 0], [0, 0, 0]]


def test_large_images_are_shrunk() -> None:
    labels = np.zeros((720, 960), np.uint8)
    row = prediction_row(np.zeros((720, 960, 3), np.uint8), labels, labels, CLASSES)
    assert {image.shape for image in row} == {(MAX_SIDE * 3 // 4, MAX_SIDE, 3)}


def test_rows_of_several_widths_stand_on_white() -> None:
    wide, narrow = np.full((2, 5, 3), 7, np.uint8), np.full((3, 4, 3), 9, np.uint8)
    image = grid([[wide, wide], [narrow]])
    assert image.shape == (2 + GAP + 3, 5 + GAP + 5, 3)
    assert (image[:2, :5] == 7).all()
    assert (image[:2, 5 + GAP :] == 7).all()
    assert (image[2 + GAP :, :4] == 9).all()
    assert (image[2 : 2 + GAP] == 255).all()
    assert (image[2 + GAP :, 4:] == 255).all()
