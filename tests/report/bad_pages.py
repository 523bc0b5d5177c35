"""Pages of searches, data sets and rankings that are out of the ordinary, for the tests of bad input."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.trial import TrialState
from torch import nn

from segnet.config import InputConfig
from segnet.config_file import parse_config
from segnet.datasets.classes import ClassSet
from segnet.datasets.inspection.inspection import inspect_folder
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.images import ImageRanking, RankedImage
from segnet.inference.ranking.labels import rank_labels
from segnet.nn.saved import ModelInfo, SavedModel
from segnet.report.inspection_page import write_inspection_page
from segnet.report.ranking_page import Ranking, write_ranking_page
from segnet.report.tuning_page import write_tuning_report
from tests.datasets.folders import index_mask, photo

NAMES = {
    "one class": ("only",),
    "200 classes": tuple(f"class {n}" for n in range(200)),
    "names of 200 letters": ("x" * 200, "word " * 40, "road"),
}
LONG = "file" * 50
"""200 letters; file systems allow 255 bytes."""


def classes_of(names: tuple[str, ...]) -> ClassSet:
    return ClassSet(names, tuple((n % 256, 7 * n % 256, 31 * n % 256) for n in range(len(names))), 255)


def dataset_of(folder: Path, names: tuple[str, ...], count: int = 4) -> ImagesAndMasks:
    """Images with all classes in columns, with long names."""
    pairs = []
    for number in range(count):
        image = photo(folder / "images/train" / f"{number}{LONG}.png", (48, 256), seed=number)
        mask = index_mask(folder / "masks/train" / f"{number}{LONG}.png", list(range(len(names))), (48, 256))
        pairs.append(Pair(image, mask))
    return ImagesAndMasks(pairs, classes_of(names))


def predictor_of(names: tuple[str, ...]) -> Predictor:
    torch.manual_seed(0)
    classes = classes_of(names)
    info = ModelInfo(
        name="tiny",
        arguments={},
        input=InputConfig(),
        class_names=names,
        class_colors=classes.colors,
        ignore_index=255,
        size=(48, 256),
    )
    return Predictor(SavedModel(nn.Conv2d(3, len(names), 1), info), precision="fp32", device="cpu")


def ranking_page(folder: Path, names: tuple[str, ...], with_labels: bool, scores: tuple[float, ...] = ()) -> Path:
    dataset, predictor = dataset_of(folder / LONG, names), predictor_of(names)
    ranking: Ranking
    if with_labels:
        ranking = rank_labels(predictor, dataset)
    else:
        images = [
            RankedImage(pair.image, score, score / 2, score, 1 / rank if rank > 1 else float("inf"))
            for rank, (pair, score) in enumerate(zip(dataset.pairs, scores or (3.0, 2.0, 1.0, 0.5), strict=False), 1)
        ]
        left_out = [f"{folder / LONG}/{number}.png: cannot be read as an image" for number in range(200)]
        ranking = ImageRanking(images, predictor.varied(), left_out)
    return write_ranking_page(folder / "ranking.html", ranking, LONG)


def inspection_page(folder: Path, names: tuple[str, ...]) -> Path:
    root = folder / LONG
    dataset_of(root, names)
    (root / "images/train" / f"4{LONG}.png").write_bytes(b"no image")
    index_mask(root / "masks/train" / f"4{LONG}.png", [0])
    (root / "classes.txt").write_text("\n".join(names))
    return write_inspection_page(folder / "inspection.html", inspect_folder(root, workers=1))


def trial(number: int, state: TrialState, epochs: int, settings: dict[str, Any], error: str = "") -> Any:
    """A trial whose value rises over the epochs; a pruned one ends after a quarter, a failed one has no value."""
    distributions: dict[str, Any] = {
        key: optuna.distributions.CategoricalDistribution([value])
        if isinstance(value, str)
        else optuna.distributions.FloatDistribution(1e-6, 1.0, log=True)
        for key, value in settings.items()
    }
    seen = {TrialState.COMPLETE: epochs, TrialState.PRUNED: max(1, epochs // 4), TrialState.FAIL: 0}[state]
    created = optuna.trial.create_trial(
        state=state,
        value=None if state == TrialState.FAIL else 0.3 + 0.002 * number,
        params=settings,
        distributions=distributions,
        user_attrs={"settings": settings, "folder": f"trial-{number:03d}", **({"error": error} if error else {})},
        intermediate_values={epoch: 0.6 * epoch / (epoch + 2) for epoch in range(1, seen + 1)},
    )
    created.number = number
    created.datetime_start = datetime(2026, 1, 1)
    created.datetime_complete = datetime(2026, 1, 1) + timedelta(hours=31 * number)
    return created


TRIALS = {
    "no trial": [],
    "failed trials": [trial(n, TrialState.FAIL, 3, {"optimizer.lr": 0.1}, "no such file " * 40) for n in range(3)],
    "one epoch": [trial(n, TrialState.COMPLETE, 1, {"optimizer.lr": 10.0**-n}) for n in range(1, 4)],
    "values of 200 letters": [
        trial(
            n,
            TrialState.COMPLETE if n else TrialState.PRUNED,
            8,
            {"model.start_from": f"{n}{LONG}", "optimizer.lr": 0.1},
        )
        for n in range(4)
    ],
    "10,000 epochs": [
        trial(n, TrialState.PRUNED if n % 3 else TrialState.COMPLETE, 10_000, {"optimizer.lr": 10.0 ** (-n / 3)})
        for n in range(1, 13)
    ],
    "200 trials": [trial(n, TrialState.COMPLETE, 5, {"optimizer.lr": 10.0 ** (-n / 50)}) for n in range(200)],
}
"""Trials of a search, by what is odd about them."""


def tuning_page(folder: Path, trials: list[Any], epochs: int = 10_000) -> Path:
    config = parse_config({"model": {"name": "segnet_lite"}, "training": {"epochs": epochs}}, "test")
    study = optuna.create_study(direction="maximize")
    study.add_trials(trials)
    (folder / LONG).mkdir(parents=True)
    return write_tuning_report(folder / LONG / "report.html", config, trials, study)
