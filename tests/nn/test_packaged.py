"""The weights that come with the package: small, of the network they say, and trained."""

from pathlib import Path

import numpy as np
import pytest

from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID
from segnet.inference.predictor import Predictor
from segnet.metrics import ConfusionMatrix, SegmentationScores
from segnet.model_files import PACKAGED, WEIGHTS, packaged_models
from segnet.nn.saved import load_model


def test_two_models_come_with_the_package() -> None:
    assert list(packaged_models()) == ["camvid", "camvid-lite"]


@pytest.mark.parametrize("name", packaged_models())
def test_every_model_has_half_precision_weights_under_5_mb(name: str) -> None:
    assert (PACKAGED / name / WEIGHTS).stat().st_size < 5_000_000
    model = load_model(name)
    assert (model.info.class_names, model.info.class_colors) == (CAMVID.names, CAMVID.colors)
    assert sum(weight.numel() for weight in model.network.parameters()) < 1_500_000


@pytest.mark.parametrize("name", packaged_models())
def test_every_model_has_its_card(name: str) -> None:
    card = (PACKAGED / name / "README.md").read_text()
    for heading in ("## Data", "## Recipe", "## Measures", "## Limits", "## Licence"):
        assert heading in card


@pytest.mark.parametrize(
    ("name", "least"),
    [("camvid-lite", 0.75), ("camvid", 0.75)],  # val is part of their training data
)
def test_a_packaged_model_knows_the_streets_of_val(name: str, least: float, camvid_root: Path) -> None:
    predictor = Predictor(load_model(name), precision="fp32")
    dataset = load_camvid(str(camvid_root), "val", cache=False)
    confusion = ConfusionMatrix(11, 11)
    for index in range(0, len(dataset), 20):
        sample = dataset[index]
        confusion.update(predictor.classes_of([sample.image]), sample.mask[np.newaxis])
    assert SegmentationScores(confusion.matrix).mean_iou > least
