"""Measure whether the images that ``segnet rank`` picks teach more than random images, on CamVid.

    python benchmarks/active_learning.py --data /data/CamVid
    python benchmarks/active_learning.py --data /data/CamVid --seeds 5 --epochs 80

For each seed, 20 images of train are drawn at random, and a small SegNet-Lite is trained on them. It ranks the other
347. Two networks are then trained from the same random weights, on the 20 images and 100 others each: the first 100 of
the ranking, and 100 at random. The script prints their mean IoU on val.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segnet.api import rank, train
from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.pair import Pair
from segnet.run import Run

START, PICKED = 20, 100
SETTINGS: dict[str, Any] = {
    "model": {"widths": [16, 32, 48, 64]},
    "augmentation": [
        {"RandomScale": {"scale_limit": [-0.4, 0.5], "p": 1}},
        {"RandomCrop": {"height": 192, "width": 256, "pad_if_needed": True, "pad_position": "random"}},
        {"HorizontalFlip": {"p": 0.5}},
    ],
}


def trained(folder: Path, name: str, pairs: Sequence[Pair], val: Sequence[Pair], seed: int, epochs: int) -> Run:
    """Train a network on those pairs alone. All networks take the same number of steps for each image."""
    data = folder / f"data_{name}"
    data.mkdir()
    for split, listed in (("train", pairs), ("val", val)):
        lines = (f"{pair.image.resolve()} {pair.mask.resolve()}\n" for pair in listed)
        (data / f"{split}.txt").write_text("".join(lines))
    training = {"epochs": epochs, "validate_every": epochs, "precision": "32-true"}
    return train(
        "camvid/segnet_lite_short",
        data={"root": str(data), "workers": 0},
        training=training,
        runs=str(folder / "runs"),
        name=name,
        seed=seed,
        **SETTINGS,
    )


def compared(
    folder: Path, labelled: Sequence[Pair], val: Sequence[Pair], seed: int, epochs: int
) -> tuple[float, float]:
    """Mean IoU with the images that the ranking picks, and with images picked at random."""
    order = np.random.default_rng(seed).permutation(len(labelled)).tolist()
    start, pool = ([labelled[index] for index in part] for part in (order[:START], order[START:]))
    # As many steps as the networks that follow have in a third of their training.
    first = trained(folder, f"start_{seed}", start, val, seed, epochs * (START + PICKED) // START // 3)
    unlabelled = folder / f"pool_{seed}"
    unlabelled.mkdir()
    for pair in pool:
        (unlabelled / pair.image.name).symlink_to(pair.image.resolve())
    ranking = rank(first.path, unlabelled)
    picked = {Path(row["file"]).name for row in ranking.rows[:PICKED]}
    arms = {"ranked": [pair for pair in pool if pair.image.name in picked], "random": pool[:PICKED]}
    ranked, at_random = (
        float(trained(folder, f"{arm}_{seed}", [*start, *pairs], val, seed, epochs).metrics["mean_iou"])
        for arm, pairs in arms.items()
    )
    print(f"seed {seed}: ranked {ranked:.4f}, random {at_random:.4f}, difference {ranked - at_random:+.4f}", flush=True)
    return ranked, at_random


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="root of CamVid")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()
    labelled, val = (load_camvid(arguments.data, split, cache=0).pairs for split in ("train", "val"))
    with tempfile.TemporaryDirectory() as folder:
        found = [compared(Path(folder), labelled, val, seed, arguments.epochs) for seed in range(arguments.seeds)]
    ranked, at_random = np.array(found).T
    print(f"mean: ranked {ranked.mean():.4f}, random {at_random.mean():.4f}")


if __name__ == "__main__":
    main()
