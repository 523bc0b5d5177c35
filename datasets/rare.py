"""Sampling of rare classes (``sampling.rare``), drawn only from (seed, epoch, index).

The sampling is similar to DAFormer's (arXiv 2111.14887), but all rare classes have the same chance. The crop is placed
around the class, as in nnU-Net (Nature Methods 18, 2021, online methods).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from segnet.config import SamplingConfig
from segnet.errors import UserError

from .classes import ClassSet, labels_named
from .sampling import Key
from .statistics import PixelTable

RARE_STREAM = 2
"""Separates these draws from those of augmentation and pasting, which have the same seed, epoch and index."""


class Draw(NamedTuple):
    """The index of a sample's image, and the label on which its crop is centred; None: anywhere."""

    image: int
    label: int | None


class RareClasses:
    """Chooses the samples that show a rare class. All rare classes are equally frequent.

    Args:
        table: pixels of each class in each image, from :func:`.count_by_image`.
        labels: the rare classes; those in no image are left out.
        share: share of the samples that show a rare class, 0–1.
        seed: the run's.
    """

    def __init__(self, table: PixelTable, labels: Sequence[int], share: float, seed: int) -> None:
        self.images_of = {label: np.flatnonzero(table[:, label]) for label in labels if table[:, label].any()}
        self.labels, self.share, self.seed = list(self.images_of), share, seed

    def draw(self, key: Key) -> Draw:
        """The image of the sample ``key``: its own or, for a share of the samples, one with a rare class.

        Its own image is kept if it has the class, so that an epoch is as varied as possible.
        """
        epoch, index = key
        entropy = np.random.SeedSequence(self.seed, spawn_key=(epoch, index, RARE_STREAM))
        random = np.random.Generator(np.random.PCG64(entropy))
        if random.random() >= self.share or not self.labels:
            return Draw(index, None)
        label = self.labels[int(random.integers(len(self.labels)))]
        images = self.images_of[label]
        place = int(np.searchsorted(images, index))
        if place == len(images) or images[place] != index:
            index = int(images[random.integers(len(images))])
        return Draw(index, label)


def rare_labels(table: PixelTable) -> list[int]:
    """The classes with fewer pixels than the median of those that occur, from a :func:`.count_by_image` table.

    Of CamVid's 11 classes these are pole, sign, fence, pedestrian and bicyclist. Of two classes it is the smaller one.
    """
    pixels = table[:, :-1].sum(0, dtype=np.int64)
    present = np.flatnonzero(pixels)
    return [int(label) for label in present if pixels[label] < np.median(pixels[present])]


def rare_classes(sampling: SamplingConfig, classes: ClassSet, table: PixelTable, seed: int) -> RareClasses:
    """The draws of a config's ``sampling``.

    Raises:
        UserError: ``sampling.classes`` has an unknown class, or no image has a rare class.
    """
    named = labels_named(sampling.classes or [], classes, "sampling.classes")
    rare = RareClasses(table, named or rare_labels(table), sampling.rare, seed)
    if not rare.labels:
        raise UserError(
            "sampling.rare: no training image holds a rare class; name classes that it holds in sampling.classes, "
            "or leave sampling out"
        )
    return rare
