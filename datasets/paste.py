"""Paste classes of one training image into another, so that objects appear in front of other streets.

ClassMix (arXiv 2007.07936, section 3.2) copies a random half of an image's classes. Copy-Paste (arXiv 2012.07177,
section 3) copies chosen ones; here it uses a mask of classes instead of instances. Pixels keep their place.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from segnet.config import Config
from segnet.errors import UserError
from segnet.rounding import ceil_div

from .augmentation import Augmented, build_augmentation
from .classes import labels_named
from .rare import rare_classes
from .samples import ImagesAndMasks
from .sampling import Key
from .statistics_cache import cached_table

PASTE_STREAM = 1
"""Separates these draws from those of the augmentation, which have the same seed, epoch and index."""


class Pasted(Dataset[dict[str, Any]]):
    """Augmented samples. A share of them is covered by classes of another sample of the same epoch.

    Like :class:`Augmented`, a sample is a function of (seed, epoch, index) alone.

    Args:
        data: augmented samples of one size.
        p: probability that a sample gets classes of another, 0–1.
        labels: the copied labels; None: half of the other sample's, rounded up, drawn each time.
    """

    def __init__(self, data: Augmented, p: float, labels: Sequence[int] | None = None) -> None:
        self.data, self.p = data, p
        self.labels = None if labels is None else torch.tensor(list(labels), dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        """A sample like those of :meth:`Augmented.__getitem__`.

        Raises:
            UserError: one of the samples cannot be read, or their sizes differ.
        """
        epoch, index = key
        sample = self.data[key]
        entropy = np.random.SeedSequence(self.data.seed, spawn_key=(epoch, index, PASTE_STREAM))
        random = np.random.Generator(np.random.PCG64(entropy))
        if random.random() >= self.p:
            return sample
        other = self.data[epoch, int(random.integers(len(self)))]
        if other["mask"].shape != sample["mask"].shape:
            raise UserError(
                f"paste: images of the sizes {tuple(sample['mask'].shape)} and {tuple(other['mask'].shape)} cannot be "
                "pasted into each other; add a crop or a resize to the config's augmentation"
            )
        labels = self.labels if self.labels is not None else self._half(other, random)
        # This is a table, because torch.isin takes three times as long.
        copied = torch.zeros(256, dtype=torch.bool).index_fill(0, labels, True)[other["mask"].int()]
        return sample | {
            "image": torch.where(copied, other["image"], sample["image"]),
            "mask": torch.where(copied, other["mask"], sample["mask"]),
        }

    def _half(self, sample: dict[str, Any], random: np.random.Generator) -> Tensor:
        present: Tensor = sample["mask"].flatten().bincount(minlength=256).nonzero().flatten()
        present = present[present != self.data.dataset.classes.ignore_index]
        return present[torch.from_numpy(random.permutation(len(present)))][: ceil_div(len(present), 2)]


def augmented_samples(config: Config, split: ImagesAndMasks) -> Augmented | Pasted:
    """The samples of a segmentation run: a split with the config's ``sampling``, ``augmentation`` and ``paste``.

    Raises:
        UserError: a setting does not fit. The message names its key.
    """
    augmentation = build_augmentation(config.augmentation, split.classes.ignore_index)
    rare = None
    if config.sampling.rare:
        rare = rare_classes(config.sampling, split.classes, cached_table(split), config.seed)
    augmented = Augmented(split, augmentation, config.seed, rare)
    if config.paste is None:
        return augmented
    names = config.paste.classes
    return Pasted(
        augmented, config.paste.p, None if names is None else labels_named(names, split.classes, "paste.classes")
    )
