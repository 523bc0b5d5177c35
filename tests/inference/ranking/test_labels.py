"""The ranking of labelled images: damage is found, and what cannot be ranked is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segnet
from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID, ClassSet
from segnet.datasets.samples import ImagesAndMasks
from segnet.errors import UserError
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.labels import contradictions, rank_labels
from segnet.nn.saved import SavedModel
from tests.datasets.folders import index_mask, of_mask, photo


def test_pixels_without_a_label_contradict_nothing() -> None:
    mask = np.array([[0, 255, 0]], np.uint8)
    classes = ClassSet(("road", "car"), ((0, 0, 0), (9, 9, 9)), 255)
    assert contradictions(np.array([[0, 1, 1]], np.uint8), mask, classes) == (0.5, "road", "car")
    assert contradictions(np.array([[0, 1, 0]], np.uint8), mask, classes) == (0.0, "", "")


def test_swapped_classes_are_found_first(tiny_run: Path, tiny_camvid: Path) -> None:
    """The trained network knows the bright class well; one of four masks has it and the dark one swapped."""
    predictor = segnet.load(tiny_run, precision="fp32").predictor
    names = sorted(path.name for path in (tiny_camvid / "val").iterdir())
    damaged = names[2]
    mask = np.asarray(Image.open(tiny_camvid / "valannot" / damaged))
    swapped = np.array([8, 1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11], np.uint8)[mask]
    dataset = load_camvid(str(tiny_camvid), "val", cache=0)
    masks = [swapped if pair.image.name == damaged else dataset.mask(i) for i, pair in enumerate(dataset.pairs)]
    dataset.mask = lambda index: masks[index]  # type: ignore[method-assign]
    ranking = rank_labels(predictor, dataset)
    first = ranking.rows[0]
    assert Path(first["file"]).name == damaged
    assert first["against"] > 0.5
    assert (first["labelled"], first["predicted"]) == ("Car", "Sky")
    assert list(first) == [
        "rank",
        "file",
        "score",
        "mask",
        "x",
        "y",
        "soft_minimum",
        "against",
        "labelled",
        "predicted",
    ]
    assert mask[first["y"], first["x"]] in (0, 8)  # the two that were swapped
    view = next(ranking.views(1))
    assert np.array_equal(view.truth, swapped)  # type: ignore[arg-type]
    assert view.doubt[mask == 11].max() == 0
    assert view.doubt[mask != 11].mean() > 0.5
    assert view.title.endswith("most often Car as Sky")


def test_other_classes_and_a_single_pair_are_refused(model: SavedModel, tmp_path: Path) -> None:
    predictor = Predictor(model, precision="fp32", device="cpu")
    photo(tmp_path / "a.jpg")
    pairs = [of_mask(index_mask(tmp_path / "a.png", [0, 1]))]
    with pytest.raises(UserError, match="the model knows 11 classes"):
        rank_labels(predictor, ImagesAndMasks(pairs, ClassSet(("a", "b"), ((0, 0, 0), (9, 9, 9)))))
    with pytest.raises(UserError, match="only 1 image to put in order; give two or more"):
        rank_labels(predictor, ImagesAndMasks(pairs, CAMVID))
