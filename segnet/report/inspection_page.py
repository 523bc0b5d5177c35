"""The page of an inspected data set: its facts, its classes, warnings, and images with their masks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segnet.config_file import parse_config, parse_yaml
from segnet.datasets.augmentation import Augmented, build_augmentation
from segnet.datasets.image_files import read_image
from segnet.datasets.inspection.inspection import Inspection
from segnet.datasets.inspection.look import Look
from segnet.datasets.inspection.words import facts, leak_line, unknown_lines
from segnet.datasets.samples import ImagesAndMasks
from segnet.errors import UserError
from segnet.files import write_atomically
from segnet.ready_config import ready_config
from segnet.report.gallery import classes_url, legend, page_size, photo_url
from segnet.report.images import StoredImage
from segnet.report.templating import render

SAMPLES = 8
AUGMENTED = 3
VIEWS = 4
TWINS = 3
LINES = 50
"""The most lines for each kind of finding, so that the page is small enough to send."""

MEANINGS = {
    "unreadable": "Training stops at such a file. Replace it, or convert with --on-error skip.",
    "other size": "Nothing is ever resized in silence: such a pair stops training and conversion.",
    "label out of range": "Add the class, correct the mask, or convert with --ignore-unknown.",
    "lossy mask": "Such masks hold labels that nobody drew.",
    "no mask": "These images are left out.",
    "no image": "These masks are left out.",
    "nothing labelled": "Such a pair teaches nothing.",
    "one class": "No mistake in itself; many of them may be one.",
    "EXIF-rotated": "Masks must be drawn on the upright image.",
    "more than 8 bits or 3 channels": "Images have up to three channels of 8 bits here.",
}


@dataclass(frozen=True)
class Card:
    """An image with its mask; photo and truth are ids of images of the page."""

    name: str
    title: str
    width: int
    height: int
    photo: str
    truth: str


def write_inspection_page(path: Path, inspection: Inspection) -> Path:
    """Write the page, and return its path."""
    images = PageImages(inspection)
    config = _config(inspection)
    classes = list(_classes(inspection))
    content: dict[str, Any] = {
        "name": inspection.root.resolve().name,
        "layout": inspection.layout.title,
        "pairs": len(inspection.looks),
        "found": inspection.classes_found,
        "facts": [(title.capitalize(), value) for title, value in facts(inspection)],
        "splits": _shown_splits(inspection),
        "classes": classes,
        "weighted": _weighted(inspection),
        "largest": max((row["share"] for row in classes), default=0) or 1,
        "odd": list(_odd(inspection, images)),
        "legend": legend(inspection.classes),
        "samples": images.samples(),
        "augmented": images.augmented(config) if config else [],
        "config": config,
        "store": images.store,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, render("inspection.html", **content))
    return path


class PageImages:
    """The images of the page, from pairs that training could read."""

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection
        self.store: dict[str, StoredImage] = {}
        sound = [look.pair for look in inspection.looks if look.image_size and look.image_size == look.mask_size]
        self.dataset = None
        if sound:
            self.dataset = ImagesAndMasks(sound, inspection.classes, coding=inspection.layout.coding)

    def samples(self) -> list[Card]:
        """Images at equal steps over the data set. If these miss the rarest classes, images of those."""
        cards = []
        for index in self._chosen(SAMPLES):
            assert self.dataset is not None
            pair = self.dataset.pairs[index]
            mask = self.inspection.layout.coding.decode(pair).labels
            splits = [split for split, pairs in self.inspection.layout.splits.items() if pair in pairs]
            title = f"{', '.join(splits)}, {mask.shape[1]}×{mask.shape[0]}"
            cards.append(self._card(f"sample-{index}", pair.name, title, read_image(pair.image, page=pair.page), mask))
        return cards

    def augmented(self, config: str) -> list[dict[str, Any]]:
        """A few images after the config's augmentation, as in the first epochs."""
        settings = parse_config(parse_yaml(config), "the config")
        augmentation = build_augmentation(settings.augmentation, self.inspection.classes.ignore_index)
        rows = []
        for index in self._chosen(AUGMENTED):
            assert self.dataset is not None
            augmented = Augmented(self.dataset, augmentation, settings.seed)
            views = []
            for epoch in range(VIEWS):
                try:
                    sample = augmented[epoch, index]
                except UserError:  # a label without a class, which is reported elsewhere on the page
                    break
                image = sample["image"].numpy().transpose(1, 2, 0)
                name = f"augmented-{index}-{epoch}"
                views.append(self._card(name, name, f"Epoch {epoch + 1}", image, sample["mask"].numpy()))
            if views:
                rows.append({"name": self.dataset.pairs[index].image.name, "views": views})
        return rows

    def twin(self, look: Look, title: str) -> Card:
        name = f"twin-{len(self.store)}"
        image = read_image(look.pair.image)
        height, width = page_size(image.shape[:2])
        self.store[name] = StoredImage(name, photo_url(image), width, height)
        return Card(look.pair.image.name, title, width, height, name, "")

    def _chosen(self, count: int) -> list[int]:
        if self.dataset is None:
            return []
        return sorted({int(n) for n in np.linspace(0, len(self.dataset) - 1, count)})

    def _card(self, identifier: str, name: str, title: str, image: Any, mask: Any) -> Card:
        height, width = page_size(mask.shape)
        photo, truth = f"{identifier}-photo", f"{identifier}-truth"
        self.store[photo] = StoredImage(photo, photo_url(np.ascontiguousarray(image)), width, height)
        self.store[truth] = StoredImage(truth, classes_url(mask, self.inspection.classes), width, height)
        return Card(name, title, width, height, photo, truth)


def _config(inspection: Inspection) -> str:
    try:
        return ready_config(inspection)
    except UserError:
        return ""


def _weighted(inspection: Inspection) -> str:
    """The split whose weights are shown: that of the training."""
    return next((split for split in inspection.layout.splits if split.startswith("train")), _first(inspection))


def _first(inspection: Inspection) -> str:
    return next(iter(inspection.layout.splits))


def _shown_splits(inspection: Inspection) -> list[str]:
    splits = list(inspection.layout.splits)
    return splits if len(splits) > 1 else []


def _classes(inspection: Inspection) -> Iterator[dict[str, Any]]:
    counts = inspection.counts()
    by_split = [inspection.counts(split) for split in _shown_splits(inspection)]
    weights = inspection.weights(_weighted(inspection)).values()
    total = max(int(counts.pixels.sum()), 1)
    for label, (name, color) in enumerate(legend(inspection.classes)):
        yield {
            "name": name,
            "color": color,
            "pixels": int(counts.pixels[label]),
            "share": int(counts.pixels[label]) / total,
            "images": int(counts.images[label]),
            "by_split": [int(known.images[label]) for known in by_split],
            "weights": [kind[label] for kind in weights],
        }


def _odd(inspection: Inspection, images: PageImages) -> Iterator[dict[str, Any]]:
    """The groups of findings: leaks first, then values without a class, then files by kind."""
    between = [leak for leak in inspection.leaks if leak.splits[0] != leak.splits[1]]
    within = [leak for leak in inspection.leaks if leak.splits[0] == leak.splits[1]]
    look_of = {look.pair.image: look for look in inspection.looks}
    for leaks, title, meaning in (
        (between, "The same image in two splits", "The network learns these images: measures on them flatter it."),
        (within, "The same image twice in a split", "Frames of a standing camera look alike; copies waste time."),
    ):
        if leaks:
            # Paths are relative to the folder, which the page names. Whole paths would take three lines on a narrow
            # screen.
            lines = [leak_line(leak).replace(f"{inspection.root}/", "") for leak in leaks]
            twins = [
                [images.twin(look_of[path], path.name) for path in (leak.first, leak.second)] for leak in leaks[:TWINS]
            ]
            yield _group(title, lines, meaning, twins)
    if inspection.unknown:
        yield _group("Values that stand for no class", unknown_lines(inspection), "")
    for kind, lines in inspection.odd.items():
        yield _group(kind[0].upper() + kind[1:], lines, MEANINGS.get(kind, ""))


def _group(title: str, lines: Sequence[str], meaning: str, twins: Sequence[Sequence[Card]] = ()) -> dict[str, Any]:
    return {"title": title, "count": len(lines), "lines": lines[:LINES], "meaning": meaning, "twins": twins}
