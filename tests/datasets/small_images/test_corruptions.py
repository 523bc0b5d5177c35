"""Damage has the strength that is asked for and depends on (seed, epoch, index) alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segnet.config import CorruptionConfig
from segnet.datasets.small_images.corruptions import HOLE, CorruptedImages, collate, corrupt, holes
from segnet.datasets.small_images.images import Images

GREY = np.full((1, 64, 64), 128, np.uint8)


def test_gaussian_noise_has_its_standard_deviation() -> None:
    noisy, hole = corrupt(GREY, "gaussian", 0.1, np.random.default_rng(0))
    assert noisy.dtype == np.uint8
    assert np.std(noisy) == pytest.approx(25.5, rel=0.03)
    assert np.mean(noisy) == pytest.approx(128, abs=1)
    assert not hole.any()


def test_salt_and_pepper_strike_their_share_in_all_channels() -> None:
    noisy, _ = corrupt(np.full((3, 64, 64), 128, np.uint8), "salt_and_pepper", 0.2, np.random.default_rng(0))
    struck = noisy != 128
    assert struck.mean() == pytest.approx(0.2, abs=0.02)
    assert (noisy == 255).mean() == pytest.approx(0.1, abs=0.02)
    assert (struck == struck[0]).all()


@given(st.integers(11, 60), st.integers(11, 60), st.booleans(), st.floats(0.01, 0.5), st.integers(0, 1000))
def test_holes_cover_their_share(height: int, width: int, scribbled: bool, share: float, seed: int) -> None:
    hole = holes(height, width, scribbled, share, np.random.default_rng(seed))
    assert hole.shape == (height, width)
    assert hole.mean() >= share


@pytest.mark.parametrize("name", ["rectangles", "scribbles"])
def test_only_the_hole_is_grey(name: str) -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    damaged, hole = corrupt(image, name, 0.25, np.random.default_rng(0))
    np.testing.assert_array_equal(damaged[0], np.where(hole, HOLE, 0))
    assert 0.25 <= hole.mean() < 0.6
    assert not image.any()


CORRUPTIONS = [
    CorruptionConfig(name="gaussian", strengths=[0.1, 0.5]),
    CorruptionConfig(name="scribbles", strengths=[0.2]),
]
IMAGES = Images(np.random.default_rng(0).integers(0, 256, (4, 1, 28, 28), np.uint8), np.arange(4))


def test_damage_depends_on_seed_epoch_and_index_alone() -> None:
    first, second = (CorruptedImages(IMAGES, CORRUPTIONS, seed=3) for _ in range(2))
    second[0, 1], second[5, 2]
    for key in [(0, 0), (7, 3), (7, 2)]:
        assert torch.equal(first[key]["input"], second[key]["input"])
    inputs = [first[epoch, 1]["input"] for epoch in range(6)]
    assert not any(torch.equal(inputs[0], other) for other in inputs[1:])
    assert not torch.equal(CorruptedImages(IMAGES, CORRUPTIONS, seed=4)[0, 1]["input"], inputs[0])


def test_without_corruptions_the_network_sees_the_image() -> None:
    batch = collate([CorruptedImages(IMAGES, [], seed=0)[2, index] for index in (1, 3)])
    assert torch.equal(batch["input"], batch["image"])
    assert torch.equal(batch["image"], torch.from_numpy(IMAGES.pixels[[1, 3]]))
    assert batch["label"].tolist() == [1, 3]
    assert batch["epoch"].tolist() == [2, 2]
