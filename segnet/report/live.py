"""What TensorBoard shows as a run goes on: the same few val images, as the network sees them now."""

from collections.abc import Callable

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from segnet.datasets.spread import spread
from segnet.nn.autoencoders.variational import Variational
from segnet.report.grid import grid, prediction_row
from segnet.training.classification import ClassificationTask
from segnet.training.image_task import ImageTask
from segnet.training.segmentation import SegmentationTask, as_batch
from segnet.training.task import Task

SHOWN_PREDICTIONS = 4
SHOWN_RECONSTRUCTIONS = 8
ENLARGED = 96
"""Side below which images are drawn larger: a digit of 28 pixels is a dot on a screen."""

Pictures = Callable[[nn.Module], NDArray[np.uint8]]
"""From a network to a picture of what it makes of the samples, uint8 RGB ``(H, W, 3)``."""


def sample_pictures(task: Task, fabric: Fabric) -> Pictures | None:
    """Draws samples of the val split; None for a task whose answer is no picture."""
    if isinstance(task, SegmentationTask):
        return predictions(task, fabric)
    if isinstance(task, ImageTask) and not isinstance(task, ClassificationTask):
        return reconstructions(task, fabric)
    return None


def predictions(task: SegmentationTask, fabric: Fabric) -> Pictures:
    """A row an image: the image, the truth, the prediction."""
    numbers = spread(SHOWN_PREDICTIONS, len(task.val_split))

    @torch.no_grad()
    def draw(network: nn.Module) -> NDArray[np.uint8]:
        network.eval()
        rows = []
        for number in numbers:
            sample = task.val_split[number]
            with fabric.autocast():
                logits = network(task.inputs(fabric.to_device(as_batch([sample]))))
            prediction = logits.argmax(1)[0].to(torch.uint8).cpu().numpy()
            rows.append(prediction_row(sample.image, sample.mask, prediction, task.classes))
        return grid(rows)

    return draw


def reconstructions(task: ImageTask, fabric: Fabric) -> Pictures:
    """A column an image: the image, what the network was given, what it made of that."""
    data = task.corrupted(task.val_images)
    batch = task.collate([data[0, number] for number in spread(SHOWN_RECONSTRUCTIONS, len(data))])

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
        return grid([as_pictures(row) for row in rows])

    return draw


def as_pictures(images: Tensor) -> list[NDArray[np.uint8]]:
    """uint8 (N, 1 or 3, H, W) to RGB pictures, small ones enlarged by a whole factor."""
    times = max(1, ENLARGED // max(images.shape[-2:]))
    pixels = images.repeat_interleave(times, 2).repeat_interleave(times, 3).permute(0, 2, 3, 1)
    return list(np.ascontiguousarray(pixels.expand(-1, -1, -1, 3).numpy()))
