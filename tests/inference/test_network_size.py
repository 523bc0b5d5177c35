"""The network sees images at the size that it was trained at, whatever the camera was."""

import argparse

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segnet.commands.arguments import network_size as from_words
from segnet.inference.network_size import SMALLEST, Size, network_size
from segnet.inference.predictor import Predictor
from segnet.nn.saved import SavedModel

TRAINED = 360, 480


@pytest.mark.parametrize(
    ("size", "image", "expected"),
    [
        ("trained", (360, 480), (360, 480)),
        ("trained", (720, 960), (360, 480)),
        ("trained", (2250, 3000), (360, 480)),
        # As many pixels as 360×480, turned upright, and three times as wide as high.
        ("trained", (4000, 3000), (480, 360)),
        ("trained", (500, 1500), (240, 720)),
        ("native", (1080, 1920), (1080, 1920)),
        ((270, 480), (1080, 1920), (270, 480)),
        (43_200, (720, 960), (180, 240)),
    ],
)
def test_sizes_keep_the_images_proportions(size: Size, image: tuple[int, int], expected: tuple[int, int]) -> None:
    assert network_size(size, TRAINED, image) == expected


@given(st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)))
def test_the_trained_size_has_the_trainings_pixels(image: tuple[int, int]) -> None:
    height, width = network_size("trained", TRAINED, image)
    assert min(height, width) >= SMALLEST
    if min(height, width) > SMALLEST:
        # Rounding each side changes the product by half a pixel of the other side at most.
        assert abs(height * width - 360 * 480) <= (height + width) / 2 + 1


@given(st.tuples(st.integers(SMALLEST, 4000), st.integers(SMALLEST, 4000)))
def test_an_image_of_the_training_size_stays_as_it_is(image: tuple[int, int]) -> None:
    assert network_size("trained", image, image) == image


def test_an_enlarged_image_gets_the_classes_of_the_small_one(model: SavedModel) -> None:
    blobs = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    small, large = (np.asarray(cv2.resize(blobs, size), np.uint8) for size in ((64, 48), (256, 192)))
    predictor = Predictor(model, precision="fp32")
    native = Predictor(model, precision="fp32", size="native")
    np.testing.assert_array_equal(predictor.classes_of([small]), native.classes_of([small]))
    expected = predictor.classes_of([small])[0]
    assert (predictor.classes_of([large])[0, 2::4, 2::4] == expected).mean() > 0.9
    assert (native.classes_of([large])[0, 2::4, 2::4] == expected).mean() < 0.9


@pytest.mark.parametrize(
    ("words", "size"),
    [("trained", "trained"), ("native", "native"), ("270x480", (270, 480)), ("172800", 172_800)],
)
def test_sizes_are_read_from_words(words: str, size: Size) -> None:
    assert from_words(words) == size


@pytest.mark.parametrize("words", ["large", "0x5", "12", "-1", "3.5", "270x", ""])
def test_words_that_are_no_size_are_refused(words: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected trained, native|the least"):
        from_words(words)
