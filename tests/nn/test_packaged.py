"""The weights that come with the package: small, of the network they say, and trained."""

from pathlib import Path

import numpy as np
import pytest

from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID
from segnet.inference.predictor import Predictor
from segnet.metrics import ConfusionMatrix, SegmentationScores
from segnet.nn.model_folder import PACKAGED, WEIGHTS, packaged_models
from segnet.nn.saved import load_model


def test_camvid_lite_comes_along_in_half_precision_under_5_mb() -> None:
    assert "camvid-lite" in packaged_models()
    assert (PACKAGED / "camvid-lite" / WEIGHTS).stat().st_size < 5_000_000
    model = load_model("camvid-lite")
    assert (model.info.class_names, model.info.class_colors) == (CAMVID.names, CAMVID.colors)
    assert sum(weight.numel() for weight in model.network.parameters()) < 1_500_000


@pytest.mark.parametrize("name", packaged_models())
def test_every_model_has_its_card(name: str) -> None:
    card = (PACKAGED / name / "README.md").read_text()
    for heading in ("## Data", "## Recipe", "## Measures", "## Limits", "## Licence"):
        assert heading in card


def test_camvid_lite_knows_streets_it_was_not_trained_on(camvid_root: Path) -> None:
    predictor = Predictor(load_model("camvid-lite"), precision="fp32")
    dataset = load_camvid(str(camvid_root), "val", cache=False)
    confusion = ConfusionMatrix(11, 11)
    for index in range(0, len(dataset), 20):
        sample = dataset[index]
        confusion.update(predictor.classes_of([sample.image]), sample.mask[np.newaxis])
    assert SegmentationScores(confusion.matrix).mean_iou > 0.5
