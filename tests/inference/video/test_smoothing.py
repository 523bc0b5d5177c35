"""Flow, flicker and smoothing on a moving scene of which every pixel's class and path are known."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segnet.inference.video.flicker import FlickerMeter
from segnet.inference.video.flow import Flow, grey, inside, positions, seen_in_both
from segnet.inference.video.smoothing import TemporalSmoothing
from segnet.metrics import SegmentationScores, confusion_matrix

HEIGHT, WIDTH, CLASSES = 192, 256, 3


def texture(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Blobs some pixels wide, which flow can follow."""
    coarse = np.random.default_rng(seed).integers(40, 215, (height // 8 + 2, width // 8 + 2, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)[:height, :width], np.uint8)


def moving_scene(frames: int) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """A textured square (class 2) that moves 3 pixels right a frame over a still ground of classes 0 and 1."""
    ground, square = texture(HEIGHT, WIDTH, 0), texture(80, 80, 1)
    scene = []
    for index in range(frames):
        image, mask = ground.copy(), np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[HEIGHT // 2 :] = 1
        x = 20 + 3 * index
        image[60:140, x : x + 80], mask[60:140, x : x + 80] = square, 2
        scene.append((image, mask))
    return scene


def guess(mask: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Probabilities of a network that is right more often than not, with fresh blotches of doubt each frame."""
    noise = rng.normal(0, 1.5, (CLASSES, HEIGHT // 8, WIDTH // 8)).repeat(8, 1).repeat(8, 2)
    logits = 2.0 * (mask == np.arange(CLASSES)[:, None, None]) + noise
    exponentials = np.exp(logits)
    return np.asarray(exponentials / exponentials.sum(0), np.float32)


def test_flow_points_to_where_a_pixel_was() -> None:
    (earlier, _), (now, _) = moving_scene(2)
    flow = Flow().between(grey(now), grey(earlier))
    assert flow.shape == (HEIGHT, WIDTH, 2)
    # Well inside the square every pixel was 3 to the left; the ground has not moved.
    assert np.abs(flow[80:120, 43:83] - [-3, 0]).mean() < 0.3
    assert np.abs(flow[10:40]).mean() < 0.1


def test_positions_scale_flow_to_the_size_asked_for() -> None:
    flow = np.full((4, 6, 2), (1, -0.5), np.float32)
    there = positions(flow, (8, 12))
    assert there[0, 0].tolist() == [2, -1]
    assert there[7, 11].tolist() == [13, 6]


def test_inside_ends_half_a_pixel_beyond_the_edge() -> None:
    there = np.zeros((2, 3, 2), np.float32)
    there[0, 0], there[0, 1], there[1, 2] = (-0.6, 0), (2.5, 1.5), (1, 1.6)
    assert inside(there).tolist() == [[False, True, True], [True, True, False]]


def test_hidden_pixels_are_not_seen_in_both_frames() -> None:
    forth = np.zeros((8, 8, 2), np.float32)
    back = np.zeros((8, 8, 2), np.float32)
    # Pixels of the column 5 say they came from column 3, whose own flow stays: they were not there before.
    forth[:, 5] = (-2, 0)
    seen = seen_in_both(forth, back)
    assert not seen[:, 5].any()
    assert np.delete(seen, 5, axis=1).all()


def test_flicker_of_hand_made_changes() -> None:
    image = texture(HEIGHT, WIDTH, 0)
    steady = np.zeros((HEIGHT, WIDTH), np.uint8)
    half = steady.copy()
    half[: HEIGHT // 4] = 1
    meter = FlickerMeter(2)
    assert all(map(math.isnan, meter.flicker))
    meter.update(image, steady, steady)
    meter.update(image, steady, half)
    # The image stands still, all of it is seen in both, and a quarter of the second mask changed.
    assert meter.flicker == [0, 0.25]


def test_things_that_move_do_not_flicker() -> None:
    meter = FlickerMeter()
    for image, mask in moving_scene(6):
        meter.update(image, mask)
    naive = np.mean([(a != b).mean() for (_, a), (_, b) in zip(moving_scene(5), moving_scene(6)[1:], strict=True)])
    # Without flow each step of the square would count, though its classes are the truth.
    assert meter.flicker[0] < 0.5 * naive


def test_smoothing_lowers_flicker_and_keeps_mean_iou() -> None:
    rng = np.random.default_rng(0)
    smoothing, meter = TemporalSmoothing(), FlickerMeter(2)
    matrices = np.zeros((2, CLASSES, CLASSES), np.int64)
    for image, mask in moving_scene(16):
        raw = guess(mask, rng)
        smooth = smoothing.update(image, raw)
        np.testing.assert_allclose(smooth.sum(0), 1, rtol=1e-4)
        predictions = [np.asarray(p.argmax(0), np.uint8) for p in (raw, smooth)]
        meter.update(image, *predictions)
        matrices += np.stack([confusion_matrix(p, mask, CLASSES, 255) for p in predictions])
    before, after = SegmentationScores(matrices).mean_ious
    flicker_before, flicker_after = meter.flicker
    assert flicker_after < 0.6 * flicker_before
    assert after > before + 0.05


def test_a_new_scene_is_shown_at_once() -> None:
    smoothing = TemporalSmoothing(0.9)
    dark, bright = np.full((32, 32, 3), 20, np.uint8), np.full((32, 32, 3), 230, np.uint8)
    one, other = np.zeros((2, 32, 32), np.float32), np.zeros((2, 32, 32), np.float32)
    one[0], other[1] = 1, 1
    smoothing.update(dark, one)
    assert np.array_equal(smoothing.update(bright, other), other)


def test_without_strength_nothing_changes() -> None:
    smoothing = TemporalSmoothing(0)
    rng = np.random.default_rng(1)
    for image, mask in moving_scene(3):
        raw = guess(mask, rng)
        assert np.array_equal(smoothing.update(image, raw), raw)


@pytest.mark.parametrize("strength", [-0.1, 1.0, float("nan")])
def test_strength_is_under_one(strength: float) -> None:
    with pytest.raises(ValueError, match="strength"):
        TemporalSmoothing(strength)


@pytest.mark.parametrize("size", [(1, 1), (7, 40), (540, 961)])
def test_any_size_is_taken(size: tuple[int, int]) -> None:
    smoothing, meter = TemporalSmoothing(), FlickerMeter()
    for seed in range(2):
        image = texture(*size, seed)[: size[0], : size[1]]
        probabilities = np.full((2, *size), 0.5, np.float32)
        assert smoothing.update(image, probabilities).shape == (2, *size)
        meter.update(image, np.zeros(size, np.uint8))
    assert meter.pixels == 0 or meter.flicker == [0]
