"""The input of a training: its first samples, and the number of pixels in each class.

Most mistakes in data show here: masks of other images, swapped classes, crops that are too small.
"""

from itertools import chain, islice
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.config import Config
from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import as_png
from segnet.datasets.samples import ImagesAndMasks
from segnet.datasets.sampling import EpochBatches
from segnet.datasets.splits import spread
from segnet.files import write_atomically
from segnet.report import plots, style
from segnet.run_folder import RunFolder
from segnet.terminal import say
from segnet.training.sample_images import as_images, grid
from segnet.training.tasks.image_task import ImageTask
from segnet.training.tasks.segmentation import SegmentationTask

SHOWN = 8
COLUMNS = 2
"""Samples in a row, each an image and its mask."""
MAX_SIDE = 320
COUNTED = 100
"""Masks that are counted: enough for an overview, and read within seconds."""

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pixels = NDArray[np.uint8]


def write_first_look(config: Config, task: SegmentationTask | ImageTask, run: RunFolder) -> None:
    """Write ``first_batches.png`` and, if there are masks, ``classes.png``, and print their paths.

    Raises:
        UserError: an image or a mask cannot be read.
    """
    samples = [task.train_data[key] for key in first_keys(config, len(task.train_data))]
    if isinstance(task, ImageTask):
        batch = task.collate(samples)
        write_atomically(run.first_batches, as_png(grid([as_images(batch[name]) for name in ("image", "input")])))
        say(f"look at {run.first_batches}: the first images, above what the network is given of them")
        return
    pairs = [image_and_mask(sample["image"].numpy(), sample["mask"].numpy(), task.classes) for sample in samples]
    rows = [list(chain(*pairs[start : start + COLUMNS])) for start in range(0, len(pairs), COLUMNS)]
    write_atomically(run.first_batches, as_png(grid(rows)))
    write_atomically(run.classes, style.png(class_shares(task.train_split)))
    say(f"look at {run.first_batches} and {run.classes.name}: the first samples with their masks, and the classes")


def first_keys(config: Config, length: int) -> list[tuple[int, int]]:
    """(epoch, index) of the first samples of the run, in the order of the training."""
    batches = EpochBatches(length, min(config.training.batch_size, length), config.seed)
    return list(islice((key for batch in batches for key in batch), SHOWN))


def image_and_mask(image: Pixels, mask: Pixels, classes: ClassSet) -> list[Pixels]:
    """Both as RGB images of one size, at most ``MAX_SIDE`` long.

    Args:
        image: ``(3, H, W)`` RGB.
        mask: ``(H, W)`` class indices; ignored pixels are black.
        classes: names and colours.
    """
    height, width = mask.shape
    scale = min(1.0, MAX_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    colors = classes.palette[mask] * (mask != classes.ignore_index)[..., None]
    photo = np.ascontiguousarray(image.transpose(1, 2, 0))
    return [
        np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(colors, size, interpolation=cv2.INTER_NEAREST), np.uint8),
    ]


def class_shares(split: ImagesAndMasks) -> "Figure":
    """A bar for each class: its share of the pixels in some masks across the split, before any augmentation."""
    places = spread(COUNTED, len(split))
    counts = sum((np.bincount(split.mask(place).ravel(), minlength=256) for place in places), np.zeros(256, np.int64))
    classes = split.classes
    pixels = [*counts[: len(classes)].tolist(), int(counts.sum() - counts[: len(classes)].sum())]
    colors = [tuple(channel / 255 for channel in color) for color in classes.colors]
    shares = np.array(pixels) / max(1, sum(pixels))
    of_all = f" of {len(split)}" if len(places) < len(split) else ""
    label = f"share of the pixels in {len(places)}{of_all} training masks"
    return plots.share_bars([*classes.names, "not labelled"], shares, [*colors, style.GRID], label)
