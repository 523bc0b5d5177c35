"""Images for the trackers during a run: the same few val images with the current predictions."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from segnet.datasets.classes import ClassSet
from segnet.datasets.splits import spread
from segnet.nn.autoencoders.variational import Variational
from segnet.training.tasks.classification import ClassificationTask
from segnet.training.tasks.image_task import ImageTask
from segnet.training.tasks.segmentation import SegmentationTask, as_batch
from segnet.training.tasks.task import Task

SHOWN_PREDICTIONS = 4
SHOWN_RECONSTRUCTIONS = 8
ENLARGED = 96
"""Images whose sides are shorter are drawn larger, since a digit of 28 pixels is a dot on a screen."""

DrawSamples = Callable[[nn.Module], NDArray[np.uint8]]
"""Draws the samples with a network's output, uint8 RGB ``(H, W, 3)``."""


def sample_images(task: Task, fabric: Fabric) -> DrawSamples | None:
    """A function that draws samples of the val split; None for a task whose output is no image."""
    if isinstance(task, SegmentationTask):
        return predictions(task, fabric)
    if isinstance(task, ImageTask) and not isinstance(task, ClassificationTask):
        return reconstructions(task, fabric)
    return None


def predictions(task: SegmentationTask, fabric: Fabric) -> DrawSamples:
    """A row for each image: the image, the truth, the prediction."""
    numbers = spread(SHOWN_PREDICTIONS, len(task.val_split))

    @torch.no_grad()
    def draw(network: nn.Module) -> NDArray[np.uint8]:
        network.eval()
        rows = []
        for index in numbers:
            sample = task.val_split[index]
            with fabric.autocast():
                logits = network(task.inputs(fabric.to_device(as_batch([sample]))))
            prediction = logits.argmax(1)[0].to(torch.uint8).cpu().numpy()
            rows.append(prediction_row(sample.image, sample.mask, prediction, task.classes))
        return grid(rows)

    return draw


def reconstructions(task: ImageTask, fabric: Fabric) -> DrawSamples:
    """A column for each image: the image, the network's input, its output."""
    data = task.corrupted(task.val_images)
    batch = task.collate([data[0, index] for index in spread(SHOWN_RECONSTRUCTIONS, len(data))])

    @torch.no_grad()
    def draw(network: nn.Module) -> NDArray[np.uint8]:
        network.eval()
        with fabric.autocast(), torch.random.fork_rng():
            torch.manual_seed(0)
            output = network(task.inputs(fabric.to_device(batch)))
        restored = output.reconstruction if isinstance(output, Variational) else output
        rows = [batch["image"], batch["input"], (255 * restored.float().clamp(0, 1)).round().to(torch.uint8).cpu()]
        if torch.equal(rows[0], rows[1]):
            del rows[1]
        return grid([as_images(row) for row in rows])

    return draw


def as_images(images: Tensor) -> list[NDArray[np.uint8]]:
    """uint8 (N, 1 or 3, H, W) to RGB images, small ones enlarged by a whole factor."""
    times = max(1, ENLARGED // max(images.shape[-2:]))
    pixels = images.repeat_interleave(times, 2).repeat_interleave(times, 3).permute(0, 2, 3, 1)
    return list(np.ascontiguousarray(pixels.expand(-1, -1, -1, 3).numpy()))


GAP = 4
MAX_SIDE = 320
"""Longer images are shrunk, because an event file keeps one for every measurement of a run."""

Pixels = NDArray[np.uint8]


def grid(rows: Sequence[Sequence[Pixels]]) -> Pixels:
    """Rows of images on white.

    Args:
        rows: images ``(H, W, 3)`` uint8 RGB, at least one; the images of a row have the same height.

    Returns:
        ``(H, W, 3)`` uint8 RGB, as wide as the widest row.
    """
    lines = [
        np.hstack([np.pad(image, ((0, 0), (0, GAP), (0, 0)), constant_values=255) for image in row]) for row in rows
    ]
    width = max(line.shape[1] for line in lines)
    padded = [np.pad(line, ((0, GAP), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines]
    return np.vstack(padded)[:-GAP, :-GAP]


def prediction_row(image: Pixels, mask: Pixels, prediction: Pixels, classes: ClassSet) -> list[Pixels]:
    """Image, truth and prediction in the class colours, shrunk to ``MAX_SIDE``.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` class indices; ignored pixels are black, in the prediction too.
        prediction: ``(H, W)`` class indices.
        classes: names and colours.
    """
    height, width = mask.shape
    scale = min(1.0, MAX_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    labelled = (mask != classes.ignore_index)[..., None]
    truth, ours = classes.palette[mask] * labelled, classes.palette[prediction] * labelled
    photo = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    colors = (cv2.resize(image, size, interpolation=cv2.INTER_NEAREST) for image in (truth, ours))
    return [np.asarray(image, np.uint8) for image in (photo, *colors)]
