"""Likely label errors: the score by hand and against cleanlab, and damage that is found."""

import math
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
from segnet.inference.ranking.labels import contradictions, label_confidence, label_score, rank_labels
from segnet.nn.saved import SavedModel
from tests.datasets.folders import index_mask, of_mask, photo


def test_the_score_of_two_pixels_is_the_one_worked_out_by_hand() -> None:
    weights = [math.exp(10 * (1 - 0.9)), math.exp(10 * (1 - 0.5))]
    expected = (weights[0] * 0.9 + weights[1] * 0.5) / sum(weights)
    assert label_score(np.array([0.9, 0.5], np.float32)) == pytest.approx(expected)
    assert label_score(np.array([0.7] * 9, np.float32)) == pytest.approx(0.7)
    assert label_score(np.empty(0, np.float32)) == 1


def test_one_wrong_object_among_many_right_pixels_lowers_the_score() -> None:
    right = np.full(100_000, 0.99, np.float32)
    with_object = np.concatenate([right, np.full(500, 0.01, np.float32)])
    assert label_score(right) - label_score(with_object) > 0.9
    assert right.mean() - with_object.mean() < 0.01


def test_the_scores_are_those_of_cleanlab() -> None:
    rank = pytest.importorskip("cleanlab.segmentation.rank", reason="cleanlab is not installed: pip install cleanlab")
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4) * 0.3, (6, 20, 30)).transpose(0, 3, 1, 2).astype(np.float32)
    masks = rng.integers(0, 4, (6, 20, 30), dtype=np.uint8)
    masks[0] = probabilities[0].argmax(0)
    theirs, _ = rank.get_label_quality_scores(masks.astype(int), probabilities, method="softmin", verbose=False)
    everywhere = np.ones((20, 30), bool)
    ours = [label_score(label_confidence(*pair, everywhere)) for pair in zip(probabilities, masks, strict=True)]
    assert ours == pytest.approx(theirs.tolist(), rel=1e-4)


def test_pixels_without_a_label_count_for_nothing() -> None:
    probabilities = np.array([[[0.9, 0.2, 0.1]], [[0.1, 0.8, 0.9]]], np.float32)
    mask = np.array([[0, 255, 0]], np.uint8)
    assert label_confidence(probabilities, mask, mask != 255).tolist() == pytest.approx([0.9, 0.1])
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
    assert list(first) == ["rank", "file", "score", "mask", "against", "labelled", "predicted"]
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
