"""Frame by frame: batches, tiles, dropout and flicker, on a drive of which every pixel's class is known."""

import math
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from segnet.datasets.classes import CAMVID
from segnet.datasets.scenes import render_sequence
from segnet.errors import UserError
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import Images
from segnet.inference.video.frames import FrameSegmenter
from segnet.metrics import SegmentationScores, confusion_matrix
from segnet.nn.saved import SavedModel

FRAMES = [np.random.default_rng(n).integers(0, 256, (48, 64, 3), np.uint8) for n in range(3)]


def segmented(segment: FrameSegmenter, images: list[NDArray[np.uint8]], batch: int) -> NDArray[np.uint8]:
    answers = [a for n in range(0, len(images), batch) for a in segment.predict(images[n : n + batch])]
    return np.stack([segment.finish(image, answer).mask for image, answer in zip(images, answers, strict=True)])


@pytest.mark.parametrize("smooth", [0.0, 0.7])
@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_batches_change_nothing(smooth: float, tile: tuple[int, int] | None, model: SavedModel) -> None:
    predictor = Predictor(model, precision="fp32", tile=tile)
    one = segmented(FrameSegmenter(predictor, smooth), FRAMES, 1)
    three = segmented(FrameSegmenter(predictor, smooth), FRAMES, 3)
    # A convolution may add in another order in a batch, which turns a tie here and there.
    assert (one != three).mean() < 1e-3


def test_two_frames_at_once_where_it_is_quick_and_safe(
    model: SavedModel, bayesian_model: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    frame, large = np.zeros((360, 480, 3), np.uint8), np.zeros((2160, 3840, 3), np.uint8)
    predictor = Predictor(model, precision="fp32", size="native")
    assert FrameSegmenter(predictor).threads(frame) == 2
    assert FrameSegmenter(predictor).threads(large) == 1
    assert FrameSegmenter(Predictor(model, size=(360, 480))).threads(large) == 2
    assert FrameSegmenter(Predictor(model, tile=(360, 480))).threads(large) == 1
    assert FrameSegmenter(Predictor(bayesian_model, samples=2)).threads(frame) == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert FrameSegmenter(predictor).threads(frame) == 1


def test_shares_are_of_the_masks(model: SavedModel) -> None:
    segment = FrameSegmenter(Predictor(model, precision="fp32"))
    found = segment.finish(FRAMES[0], segment.predict(FRAMES[:1])[0])
    assert found.uncertainty is None
    assert found.shares.tolist() == [(found.mask == index).mean() for index in range(11)]


def test_dropout_samples_give_classes_and_uncertainty(bayesian_model: SavedModel) -> None:
    segment = FrameSegmenter(Predictor(bayesian_model, precision="fp32", samples=3), uncertainty=True)
    found = segment.finish(FRAMES[0], segment.predict(FRAMES[:1])[0])
    assert found.uncertainty is not None
    assert found.uncertainty.shape == (48, 64)
    assert 0 < found.uncertainty.max() <= 0.25


class NoisyTruth:
    """A network that knows the truth and doubts it in fresh blotches each frame."""

    classes, passes = CAMVID, 1

    def __init__(self, masks: list[NDArray[np.uint8]]) -> None:
        self.masks, self.rng, self.number = masks, np.random.default_rng(0), 0

    def probabilities(self, images: Images) -> NDArray[np.float32]:
        mask = self.masks[self.number]
        self.number += 1
        height, width = mask.shape
        blotches = self.rng.normal(0, 1.2, (len(CAMVID), -(-height // 8), -(-width // 8)))
        noise = blotches.repeat(8, 1).repeat(8, 2)[:, :height, :width]
        exponentials = np.exp(2.5 * (mask == np.arange(len(CAMVID))[:, None, None]) + noise)
        return np.asarray(exponentials / exponentials.sum(0), np.float32)[None]


def test_copies_that_differ_are_an_uncertainty_too(model: SavedModel) -> None:
    segment = FrameSegmenter(Predictor(model, precision="fp32", flip=True), uncertainty=True)
    found = segment.finish(FRAMES[0], segment.predict(FRAMES[:1])[0])
    assert found.uncertainty is not None
    assert 0 < found.uncertainty.max() <= 0.25


def test_smoothing_a_drive_lowers_flicker_and_keeps_mean_iou() -> None:
    drive = list(render_sequence(3, 6, (72, 96)))
    segment = FrameSegmenter(
        cast(Predictor, NoisyTruth([sample.mask for sample in drive])), smooth=0.7, measure_flicker=True
    )
    matrices = np.zeros((2, len(CAMVID), len(CAMVID)), np.int64)
    for sample in drive:
        (answer,) = segment.predict([sample.image])
        assert answer.probabilities is not None
        raw = np.asarray(answer.probabilities.argmax(0), np.uint8)
        smooth = segment.finish(sample.image, answer).mask
        matrices += np.stack([confusion_matrix(mask, sample.mask, len(CAMVID), 11) for mask in (raw, smooth)])
    before, after = SegmentationScores(matrices).mean_ious
    assert segment.meter is not None
    flicker_before, flicker_after = segment.meter.flicker
    assert flicker_after < 0.6 * flicker_before
    assert after > before


def test_flicker_without_smoothing_is_one_number(model: SavedModel) -> None:
    segment = FrameSegmenter(Predictor(model, precision="fp32"), measure_flicker=True)
    segmented(segment, [FRAMES[0], FRAMES[0]], 1)
    assert segment.meter is not None
    assert segment.meter.flicker == [0]
    assert not math.isnan(segment.meter.flicker[0])


def test_settings_that_do_not_go_together_are_named(model: SavedModel) -> None:
    predictor = Predictor(model)
    with pytest.raises(UserError, match=r"--smooth 1\.0"):
        FrameSegmenter(predictor, smooth=1.0)
    with pytest.raises(UserError, match="needs --samples"):
        FrameSegmenter(predictor, uncertainty=True)
