"""Predictions are those of the plain network, whatever was done to it for speed."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from segnet.errors import UserError
from segnet.inference.graph import fold_batch_norm
from segnet.inference.predictor import Predictor
from segnet.nn.saved import SavedModel


def noise(height: int, width: int, count: int = 2) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)


def plain_logits(model: SavedModel, images: NDArray[np.uint8]) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.network(model.preprocess(torch.from_numpy(images).permute(0, 3, 1, 2)))
    return logits


@pytest.mark.parametrize("size", [(48, 64), (37, 53)])
def test_classes_and_probabilities_are_the_plain_networks(model: SavedModel, size: tuple[int, int]) -> None:
    images = noise(*size)
    expected = plain_logits(model, images)
    predictor = Predictor(model, precision="fp32", size="native")
    np.testing.assert_allclose(predictor.probabilities(images), expected.softmax(1), atol=1e-5)
    classes = predictor.classes_of(images)
    assert classes.dtype == np.uint8
    assert classes.shape == (2, *size)
    assert (classes == expected.argmax(1).numpy()).mean() > 0.999  # ties may fall either way after folding


def test_bfloat16_says_nearly_the_same(model: SavedModel) -> None:
    images = noise(48, 64)
    full, half = Predictor(model, precision="fp32"), Predictor(model, precision="auto")
    a, b = full.probabilities(images), half.probabilities(images)
    # Where two places of a pooling window are nearly equal another may win, so single pixels may differ.
    assert np.abs(a - b).mean() < 0.005
    assert (a.argmax(1) == b.argmax(1)).mean() > 0.95


def test_folding_batch_norm_changes_nothing_and_leaves_none(model: SavedModel) -> None:
    import copy

    folded = fold_batch_norm(copy.deepcopy(model.network))
    x = torch.randn(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(folded(x), model.network(x), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    assert any(isinstance(part, torch.nn.BatchNorm2d) for part in model.network.modules())


def test_a_working_size_gives_results_at_the_images_own(model: SavedModel) -> None:
    predictor = Predictor(model, precision="fp32", size=(24, 32))
    assert predictor.classes_of(noise(50, 70)).shape == (2, 50, 70)
    own = Predictor(model, precision="fp32", size=(48, 64))
    images = noise(48, 64)
    np.testing.assert_array_equal(own.probabilities(images), Predictor(model, precision="fp32").probabilities(images))


def test_uncertainty_is_the_variance_over_samples(bayesian_model: SavedModel) -> None:
    predictor = Predictor(bayesian_model, precision="fp32", samples=6)
    images = noise(48, 64, 1)
    torch.manual_seed(1)
    mean, variance = predictor.uncertainty(images)
    torch.manual_seed(1)
    draws = np.stack([logits.softmax(1).numpy() for logits in predictor._logits(images)])
    np.testing.assert_allclose(mean, draws.mean(0), atol=1e-6)
    np.testing.assert_allclose(variance, draws.var(0).mean(1), atol=1e-7)
    assert variance.max() > 0


def test_a_merged_class_has_the_sum_of_its_classes_probabilities(bayesian_model: SavedModel) -> None:
    merge = {"vehicle": ["Car", "Bicyclist"], "street": ["Pavement", "Road"]}
    whole, merged = (
        Predictor(bayesian_model, precision="fp32"),
        Predictor(bayesian_model, precision="fp32", merge=merge),
    )
    names = ("Sky", "Building", "Pole", "street", "Tree", "SignSymbol", "Fence", "vehicle", "Pedestrian")
    assert merged.classes.names == names
    images = noise(48, 64)
    p, q = whole.probabilities(images), merged.probabilities(images)
    np.testing.assert_allclose(q[:, 3], p[:, 3] + p[:, 4], rtol=1e-6)
    np.testing.assert_allclose(q[:, 7], p[:, 8] + p[:, 10], rtol=1e-6)
    np.testing.assert_allclose(q[:, 8], p[:, 9])
    np.testing.assert_array_equal(merged.classes_of(images), q.argmax(1))
    sampled = Predictor(bayesian_model, precision="fp32", samples=3, merge=merge)
    torch.manual_seed(1)
    mean, variance = sampled.uncertainty(images)
    torch.manual_seed(1)
    draws = np.stack([sampled._softmax(logits).numpy() for logits in sampled._logits(images)])
    np.testing.assert_allclose(mean, draws.mean(0), atol=1e-6)
    np.testing.assert_allclose(variance, draws.var(0).mean(1), atol=1e-7)


def test_without_samples_there_is_no_dropout(bayesian_model: SavedModel) -> None:
    predictor = Predictor(bayesian_model, precision="fp32")
    images = noise(48, 64)
    np.testing.assert_array_equal(predictor.probabilities(images), predictor.probabilities(images))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"samples": 4}, "no dropout to sample from"),
        ({"backend": "caffe"}, "backend 'caffe': not known; choose torch"),
        ({"precision": "fp8"}, "precision 'fp8'"),
        ({"device": "tpu"}, "device 'tpu': not on this machine"),
    ],
)
def test_impossible_arguments_of_a_predictor_are_refused(
    model: SavedModel, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        Predictor(model, **arguments)  # type: ignore[arg-type]


def test_images_are_uint8_rgb(model: SavedModel) -> None:
    with pytest.raises(ValueError, match="uint8 RGB"):
        Predictor(model).classes_of([np.zeros((4, 4), np.uint8)])


def test_flipped_copies_and_scales_are_averaged(model: SavedModel) -> None:
    """Each copy's softmax by hand, at the image's own size."""
    images = noise(48, 64)
    predictor = Predictor(model, precision="fp32", flip=True, scales=(0.5, 1.0))
    assert predictor.passes == 4
    expected = torch.zeros(())
    for size in ((24, 32), (48, 64)):
        x = torch.from_numpy(images).permute(0, 3, 1, 2)
        x = x if size == (48, 64) else F.interpolate(x, size, mode="bilinear", antialias=True)
        for axes in ([], [3]):
            logits = plain_logits(model, x.flip(axes).permute(0, 2, 3, 1).numpy()).flip(axes)
            expected = expected + F.interpolate(logits, (48, 64), mode="bilinear").softmax(1) / 4
    np.testing.assert_allclose(predictor.probabilities(images), expected, atol=1e-5)
    np.testing.assert_array_equal(predictor.classes_of(images), expected.argmax(1))
    assert predictor.description == "torch fp32 on cpu, scales 0.5, 1, flipped too"


def test_a_flipped_average_does_not_care_for_left_and_right(model: SavedModel) -> None:
    predictor = Predictor(model, precision="fp32", flip=True)
    images = noise(48, 64)
    mirrored = predictor.probabilities(np.ascontiguousarray(images[:, :, ::-1]))
    np.testing.assert_allclose(mirrored[..., ::-1], predictor.probabilities(images), atol=1e-5)


def test_a_single_scale_is_that_size(model: SavedModel) -> None:
    images = noise(48, 64)
    half = Predictor(model, precision="fp32", scales=(0.5,)).classes_of(images)
    np.testing.assert_array_equal(half, Predictor(model, precision="fp32", size=(24, 32)).classes_of(images))
