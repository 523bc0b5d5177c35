"""Whether ``segnet rank --labels`` finds masks that were damaged on purpose, on CamVid's val split.

    python benchmarks/label_errors.py runs/segnet_lite_large --data /data/CamVid
    python benchmarks/label_errors.py runs/mine --data /data/CamVid --seeds 10 --first 25

Give a model that was not trained on val. For each seed, 20 masks of val are damaged, five in each of four ways: two
classes swapped, the mask shifted by a twentieth of the width, the mask of another image, and an object erased. The
script prints how many of them are among the first images of the ranking, and the ranks by the kind of damage.
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.labels import rank_labels
from segnet.nn.saved import load_model

Mask = NDArray[np.uint8]
Rng = np.random.Generator
EACH = 5
"""Masks that are damaged in each way."""
LEAST_SHARE = {"class": 0.02, "object": 0.005}
"""Of the image's pixels, that a swapped class and an erased object have at least."""
OBJECTS = [CAMVID.names.index(name) for name in ("SignSymbol", "Car", "Pedestrian", "Bicyclist")]


class Damaged(ImagesAndMasks):
    """A data set with some of its masks replaced."""

    def __init__(self, sound: ImagesAndMasks, masks: dict[int, Mask]) -> None:
        super().__init__(sound.pairs, sound.classes)
        self.masks = masks

    def mask(self, index: int) -> Mask:
        return self.masks[index] if index in self.masks else super().mask(index)


def swap(mask: Mask, _masks: Sequence[Mask], rng: Rng) -> Mask:
    """Two classes in each other's place."""
    counts = np.bincount(mask.ravel(), minlength=256)[: len(CAMVID)]
    first, second = rng.choice(np.flatnonzero(counts >= LEAST_SHARE["class"] * mask.size), 2, replace=False)
    table = np.arange(256, dtype=np.uint8)
    table[[first, second]] = second, first
    return table[mask]


def shift(mask: Mask, _masks: Sequence[Mask], rng: Rng) -> Mask:
    """The mask a twentieth of its width to the left or right; the rest is not labelled."""
    columns = mask.shape[1] // 20
    shifted = np.full_like(mask, CAMVID.ignore_index)
    if rng.random() < 0.5:
        shifted[:, columns:] = mask[:, :-columns]
    else:
        shifted[:, :-columns] = mask[:, columns:]
    return shifted


def exchange(mask: Mask, masks: Sequence[Mask], rng: Rng) -> Mask:
    """The mask of another image."""
    others = [other for other in masks if other is not mask]
    return others[rng.integers(len(others))]


def erase(mask: Mask, _masks: Sequence[Mask], _rng: Rng) -> Mask | None:
    """The largest object gone, its pixels labelled as the nearest ones around it; None: there is none."""
    found = []
    for label in OBJECTS:
        parts, count = ndimage.label(mask == label)
        found += [parts == part for part in range(1, count + 1)]
    largest = max(found, key=np.count_nonzero, default=np.zeros(mask.shape, bool))
    if np.count_nonzero(largest) < LEAST_SHARE["object"] * mask.size:
        return None
    unknown = largest | (mask == CAMVID.ignore_index)
    rows, columns = ndimage.distance_transform_edt(unknown, return_distances=False, return_indices=True)
    return np.where(largest, mask[rows, columns], mask)


DAMAGES: dict[str, Callable[[Mask, Sequence[Mask], Rng], Mask | None]] = {
    "classes swapped": swap,
    "shifted": shift,
    "of another image": exchange,
    "object erased": erase,
}


def damaged_masks(masks: Sequence[Mask], rng: Rng) -> dict[str, dict[int, Mask]]:
    """By the kind of damage, the masks that have it, by their indices; no mask has two."""
    found: dict[str, dict[int, Mask]] = {kind: {} for kind in DAMAGES}
    left = rng.permutation(len(masks)).tolist()
    for kind, damage in DAMAGES.items():
        for index in list(left):
            if len(found[kind]) == EACH:
                break
            mask = damage(masks[index], masks, rng)
            if mask is not None:
                found[kind][index] = mask
                left.remove(index)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="run folder of a network that was not trained on val")
    parser.add_argument("--data", metavar="FOLDER", help="root of CamVid")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=30, help="images of the ranking in which they are looked for")
    arguments = parser.parse_args()
    sound = load_camvid(arguments.data, "val", cache=0)
    masks = [sound.mask(index) for index in range(len(sound))]
    predictor = Predictor(load_model(arguments.model), precision="fp32")
    for seed in range(arguments.seeds):
        by_kind = damaged_masks(masks, np.random.default_rng(seed))
        damaged = {index: mask for kind in by_kind.values() for index, mask in kind.items()}
        ranking = rank_labels(predictor, Damaged(sound, damaged))
        rank = {image.index: place for place, image in enumerate(ranking.images, start=1)}
        found = sum(rank[index] <= arguments.first for index in damaged)
        print(f"seed {seed}: {found} of {len(damaged)} in the first {arguments.first} of {len(sound)}", flush=True)
        for kind, members in by_kind.items():
            print(f"    {kind:17} ranks {', '.join(map(str, sorted(rank[index] for index in members)))}")


if __name__ == "__main__":
    main()
