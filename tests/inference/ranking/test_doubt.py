"""Entropy and disagreement of passes, against scipy and by hand."""

from collections.abc import Iterator

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor

from segnet.inference.predictor import VARIED_SCALES, Predictor
from segnet.inference.ranking.doubt import doubt_of
from segnet.nn.saved import SavedModel

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)


def test_doubt_is_that_of_the_passes_taken_one_by_one(model: SavedModel) -> None:
    plain = Predictor(model, precision="fp32", device="cpu", size="native")
    mirrored = Predictor(model, precision="fp32", device="cpu", size="native", flip=True)
    passes = [plain.probabilities([IMAGE])[0], plain.probabilities([IMAGE[:, ::-1]])[0][..., ::-1]]
    doubt = doubt_of(mirrored, IMAGE)
    entropy = scipy.stats.entropy(np.mean(passes, axis=0), axis=0)
    assert doubt.entropy == pytest.approx(entropy, abs=1e-5)
    of_passes = np.mean([scipy.stats.entropy(p, axis=0) for p in passes], axis=0)
    assert doubt.disagreement == pytest.approx(entropy - of_passes, abs=1e-5)
    assert np.array_equal(doubt.mask, np.mean(passes, axis=0).argmax(0))
    assert doubt.map is doubt.entropy
    assert doubt.disagreement.max() > 0.01


def test_passes_that_are_sure_of_different_classes_disagree_by_ln_2(
    model: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sure passes: one says class 0, the other class 1. A third and a fourth image doubt in the same way."""
    predictor = Predictor(model, precision="fp32", device="cpu", flip=True)
    sure = torch.full((1, 11, 1, 2), -100.0)

    def logits(_: object) -> Iterator[Tensor]:
        for class_of_first in (0, 1):
            answer = sure.clone()
            answer[0, class_of_first, 0, 0] = 100
            # The second pixel: both passes give one half to classes 2 and 3.
            answer[0, 2:4, 0, 1] = 100
            yield answer

    monkeypatch.setattr(predictor, "_logits", logits)
    doubt = doubt_of(predictor, np.zeros((1, 2, 3), np.uint8))
    assert doubt.disagreement[0] == pytest.approx([np.log(2), 0], abs=1e-6)
    assert doubt.entropy[0] == pytest.approx([np.log(2), np.log(2)], abs=1e-6)


def test_dropout_samples_are_the_same_at_every_call_and_leave_random_numbers_alone(bayesian_model: SavedModel) -> None:
    predictor = Predictor(bayesian_model, precision="fp32", device="cpu", samples=4)
    before = torch.random.get_rng_state()
    first, second = doubt_of(predictor, IMAGE), doubt_of(predictor, IMAGE)
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(first.disagreement, second.disagreement)
    assert first.map is first.disagreement
    assert first.disagreement.max() > 0
    assert (first.disagreement <= first.entropy).all()
    assert first.entropy.max() <= np.log(11) + 1e-5


def test_one_pass_alone_is_varied_and_several_stay(model: SavedModel, bayesian_model: SavedModel) -> None:
    one = Predictor(model, precision="fp32", device="cpu")
    assert doubt_of(one, IMAGE).disagreement.max() == pytest.approx(0, abs=1e-5)
    varied = one.varied()
    assert (varied.flip, varied.scales, varied.passes) == (True, VARIED_SCALES, 6)
    assert one.passes == 1
    sampled = Predictor(bayesian_model, precision="fp32", device="cpu", samples=2)
    assert sampled.varied() is sampled


def test_tiles_have_the_doubt_of_the_whole_image(model: SavedModel) -> None:
    """Tiles as large as the image are the image."""
    whole = Predictor(model, precision="fp32", device="cpu", size="native", flip=True)
    tiled = Predictor(model, precision="fp32", device="cpu", flip=True, tile=(32, 40))
    assert doubt_of(tiled, IMAGE).disagreement == pytest.approx(doubt_of(whole, IMAGE).disagreement, abs=1e-5)
