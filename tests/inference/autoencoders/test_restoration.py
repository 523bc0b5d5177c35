"""Filters see the damaged images, are tuned on training images, and holes leave the rest untouched."""

import numpy as np
import pytest
from torch import nn

from segnet.config import CorruptionConfig, DataConfig
from segnet.datasets.small_images.images import Images
from segnet.datasets.small_images.load import load_images
from segnet.inference.autoencoders.reconstructions import as_floats
from segnet.inference.autoencoders.restoration import damage, keep_known, measure_restoration, opencv_filters

DIGITS = load_images(DataConfig(name="digits"), "val")
FEW = Images(DIGITS.pixels[:20])


@pytest.mark.parametrize("name", ["gaussian", "salt_and_pepper", "rectangles", "scribbles"])
@pytest.mark.parametrize("channels", [1, 3])
def test_filters_restore_more_than_nothing(name: str, channels: int) -> None:
    images = Images(np.repeat(FEW.pixels, channels, 1))
    corruption = CorruptionConfig.model_validate({"name": name, "strengths": [0.2]})
    result = measure_restoration(nn.Identity(), corruption, 0.2, images, images)
    rows = {row.method: row for row in result.rows}
    assert len(rows) == 4
    # A network that returns what it is given restores nothing.
    assert rows["autoencoder"].mse == pytest.approx(rows["damaged"].mse)
    assert rows[result.best_filter[0]].psnr > rows["damaged"].psnr + 1
    assert set(rows) == {"damaged", "autoencoder", *opencv_filters(name)}


def test_damage_repeats_and_differs_between_images() -> None:
    images = np.zeros((2, 1, 28, 28), np.uint8)
    first, second = damage(images, "gaussian", 0.3, seed=1), damage(images, "gaussian", 0.3, seed=1)
    np.testing.assert_array_equal(first.images, second.images)
    assert not np.array_equal(first.images[0], first.images[1])


def test_known_pixels_are_kept() -> None:
    damaged = damage(FEW.pixels, "rectangles", 0.2, seed=1)
    ours = keep_known(np.zeros(FEW.pixels.shape, np.float32), damaged)
    known = ~damaged.holes[:, None]
    np.testing.assert_array_equal(ours[known], as_floats(FEW.pixels)[known])
    assert not ours[~known].any()
