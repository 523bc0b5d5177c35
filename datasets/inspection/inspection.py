"""The result of reading each file of a data set once."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError

from ..classes import ClassSet
from ..coding import Coding
from ..formats import open_layout
from ..formats.layout import Layout
from ..meaning import Ignore, settled
from ..parallel import map_files
from ..statistics import ClassCounts, enet_weights, inverse_weights, median_frequency_weights
from .leaks import Leak, find_leaks, listed_twice
from .look import Look, label, labels_in, look_at


@dataclass(frozen=True)
class Inspection:
    """The result of inspecting a data set.

    Attributes:
        root: its folder.
        format: name of its format.
        layout: the layout, with the final classes and coding.
        looks: a look for each pair, in the layout's order.
        classes: classes of the layout.
        classes_found: whether the classes follow only from the masks' values.
        leaks: equal and nearly equal images.
        shared: number of images that two splits share, by the splits' names.
        images, masks: patterns of the files, if they were given.
    """

    root: Path
    format: str
    layout: Layout
    looks: Sequence[Look]
    classes: ClassSet
    classes_found: bool
    leaks: list[Leak]
    shared: dict[tuple[str, str], int]
    images: str | None = None
    masks: str | None = None

    def counts(self, split: str | None = None) -> ClassCounts:
        """Counts of the classes in one split, or in all."""
        chosen = self.looks
        if split is not None:
            images = {pair.image for pair in self.layout.splits[split]}
            chosen = [look for look in self.looks if look.pair.image in images]
        return counts_of([look.labels for look in chosen], len(self.classes))

    @cached_property
    def unknown(self) -> dict[str, tuple[int, int]]:
        """Pixels and masks of each value without a class, most pixels first."""
        pixels: Counter[str] = Counter()
        masks: Counter[str] = Counter()
        for look in self.looks:
            pixels.update(look.unknown)
            masks.update(look.unknown.keys())
        return {value: (count, masks[value]) for value, count in pixels.most_common()}

    @cached_property
    def odd(self) -> dict[str, list[str]]:
        """Unusual findings by kind, with a line for each."""
        found: dict[str, list[str]] = {}
        for path in self.layout.without_mask:
            found.setdefault("no mask", []).append(f"{path}: no mask belongs to it")
        for path in self.layout.without_image:
            found.setdefault("no image", []).append(f"{path}: no image belongs to it")
        for look in self.looks:
            for kind, detail in (*look.odd, *self._odd_labels(look)):
                found.setdefault(kind, []).append(detail)
        return self._one_class_left() | found

    def _one_class_left(self) -> dict[str, list[str]]:
        """A warning if only one class is not ignored, since training on it reaches a loss of 0 at once."""
        present = [name for name, pixels in zip(self.classes.names, self.counts().pixels, strict=True) if pixels]
        if len(present) != 1:
            return {}
        detail = f"{self.root}: every pixel that is not ignored is {present[0]!r}, so there is nothing to learn"
        return {"one class is left": [f"{detail}; see which values are ignored (--ignore none ignores none)"]}

    def _odd_labels(self, look: Look) -> list[tuple[str, str]]:
        if look.mask is None:
            return []
        labels = dict(look.labels)
        unknown = labels.pop(None, 0)
        found = []
        if unknown:
            found.append(("label out of range", f"{look.pair.mask}: {unknown:,} pixels of no class"))
        labels.pop(self.classes.ignore_index, None)
        if not labels:
            found.append(("nothing labelled", f"{look.pair.mask}: every pixel is ignored"))
        elif len(labels) == 1:
            [label] = labels
            found.append(("one class", f"{look.pair.mask}: all {self.classes.names[label or 0]}"))
        return found

    @cached_property
    def sizes(self) -> dict[tuple[int, int], int]:
        """Number of images of each (H, W), most frequent first."""
        return dict(Counter(look.image_size for look in self.looks if look.image_size).most_common())

    @cached_property
    def mask_kinds(self) -> dict[str, int]:
        """Number of masks for each kind of values."""
        return dict(Counter(look.mask.kind for look in self.looks if look.mask).most_common())

    def normalisation(self, split: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of the three channels over the images of a split, (3,) each, in 0–255.

        Raises:
            UserError: none of them can be read.
        """
        images = {pair.image for pair in self.layout.splits[split]}
        sums = [look.channels for look in self.looks if look.channels is not None and look.pair.image in images]
        if not sums:
            raise UserError(f"{self.root}: no image of {split} can be read")
        first, second = np.mean(sums, axis=0)
        return first, np.sqrt(np.maximum(second - first**2, 1.0))

    def weights(self, split: str) -> dict[str, list[float]]:
        """Loss weights of each kind from the counts of a split, rounded to four digits."""
        counts = self.counts(split)
        kinds = {
            "median_frequency": median_frequency_weights,
            "enet": lambda known: enet_weights(known, 1.1),
            "inverse": inverse_weights,
        }
        if not counts.images.any():
            return {kind: [0.0] * len(self.classes) for kind in kinds}
        return {kind: [round(float(w), 4) for w in function(counts)] for kind, function in kinds.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain data with all content of the page."""
        counts = self.counts()
        return {
            "root": str(self.root),
            "format": self.format,
            "layout": self.layout.title,
            "splits": {split: len(pairs) for split, pairs in self.layout.splits.items()},
            "pairs": len(self.looks),
            "images_without_mask": [str(path) for path in self.layout.without_mask],
            "masks_without_image": [str(path) for path in self.layout.without_image],
            "sizes": [{"height": h, "width": w, "images": n} for (h, w), n in self.sizes.items()],
            "mask_kinds": self.mask_kinds,
            "ignore_index": self.classes.ignore_index,
            "classes": [
                {
                    "name": name,
                    "color": list(color),
                    "pixels": int(counts.pixels[label]),
                    "images": int(counts.images[label]),
                }
                for label, (name, color) in enumerate(zip(self.classes.names, self.classes.colors, strict=True))
            ],
            "classes_found_in_masks": self.classes_found,
            "notes": self.layout.notes,
            "unknown_values": {value: {"pixels": p, "masks": m} for value, (p, m) in self.unknown.items()},
            "leaks": [
                {"kind": leak.kind, "first": str(leak.first), "second": str(leak.second), "splits": list(leak.splits)}
                for leak in self.leaks
            ],
            "listed_in_two_splits": [{"splits": list(names), "images": n} for names, n in self.shared.items()],
            "odd": self.odd,
            "class_weights": {split: self.weights(split) for split in self.layout.splits},
        }


def inspect_folder(
    root: Path,
    format_name: str | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    ignore: Ignore = "auto",
    images: str | None = None,
    masks: str | None = None,
) -> Inspection:
    """Inspect every pair of a folder.

    Args:
        root: the data set's folder.
        format_name: its format; None: the first that fits.
        workers: see :func:`.map_files`.
        progress: called with (pairs done, pairs).
        ignore: the ignored value, if the data set does not tell.
        images: pattern of files, see :func:`.open_layout`.
        masks: the same for masks.

    Raises:
        UserError: the folder's layout is unknown, or its masks have no classes.
    """
    found, layout = open_layout(root, format_name, images, masks)
    pairs = layout.pairs
    looks = []
    for look in map_files(look_at, layout.coding, pairs, workers):
        looks.append(look)
        progress(len(looks), len(pairs))
    told = layout.classes is not None or layout.named is not None
    layout = settled(layout, [look.mask for look in looks if look.mask], ignore)
    classes = layout.classes
    assert classes is not None
    label_all(looks, layout.coding, workers)
    splits = {split: [pair.image for pair in own] for split, own in layout.splits.items()}
    splits_of: dict[Path, list[str]] = {}
    for split, members in splits.items():
        for image in members:
            splits_of.setdefault(image, []).append(split)
    return Inspection(
        root,
        found,
        layout,
        looks,
        classes,
        not told,
        find_leaks(looks, splits_of),
        listed_twice(splits),
        images,
        masks,
    )


def label_all(looks: Sequence[Look], coding: Coding, workers: int | None) -> None:
    """Count the labels of all looks. Masks with very many values are read again."""
    again = []
    for look in looks:
        if look.mask is None or look.mask.complete:
            label(look, coding)
        else:
            again.append(look)
    counted = map_files(labels_in, coding, [look.pair for look in again], workers)
    for look, (labels, unknown) in zip(again, counted, strict=True):
        look.labels, look.unknown = labels, unknown


def counts_of(masks: Sequence[dict[int | None, int]], classes: int) -> ClassCounts:
    """The counts of :func:`.count_classes`, from the pixels by label of each mask."""
    counts = np.zeros((3, classes), np.int64)
    for mask in masks:
        total = sum(mask.values())
        for found, pixels in mask.items():
            if found is not None and found < classes:
                counts[:, found] += pixels, total, 1
    return ClassCounts(*counts)
