"""Tiles: where they lie, and that an image seen in tiles is the image."""

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.predictor import Images, Predictor
from segnet.inference.tiles import TiledPredictor, starts
from segnet.nn.saved import SavedModel


class PixelByPixel:
    """Says of each pixel alone: class 0 as likely as it is red, class 1 the rest. Notes the tiles that it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def probabilities(self, images: Images) -> NDArray[np.float32]:
        self.seen += [image.shape[:2] for image in images]
        red = np.stack(list(images))[..., 0].astype(np.float32) / 255
        return np.stack([red, 1 - red], axis=1)


@pytest.mark.parametrize(
    ("length", "tile", "overlap", "expected"),
    [(100, 100, 0.25, [0]), (175, 100, 0.25, [0, 75]), (176, 100, 0.25, [0, 38, 76]), (200, 100, 0.0, [0, 100])],
)
def test_starts_by_hand(length: int, tile: int, overlap: float, expected: list[int]) -> None:
    assert starts(length, tile, overlap) == expected


@given(st.integers(1, 500), st.integers(1, 200), st.floats(0, 0.95))
def test_tiles_cover_all_and_overlap_as_asked(length: int, tile: int, overlap: float) -> None:
    tile = min(length, tile)
    found = starts(length, tile, overlap)
    assert found[0] == 0
    assert found[-1] + tile == length
    steps = np.diff(found)
    assert (steps > 0).all()
    assert (steps <= max(1, int(tile * (1 - overlap))) + 1).all()


@pytest.mark.parametrize("size", [(97, 131), (16, 24), (5, 7), (16, 100)])
def test_what_is_said_pixel_by_pixel_is_the_same_in_tiles(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    inner = PixelByPixel()
    tiled = TiledPredictor(cast(Predictor, inner), (16, 24), 0.25)
    whole = inner.probabilities([image])
    inner.seen.clear()
    np.testing.assert_allclose(tiled.probabilities([image]), whole, atol=1e-6)
    assert set(inner.seen) == {(min(16, size[0]), min(24, size[1]))}
    assert np.array_equal(tiled.classes_of([image])[0], whole[0].argmax(0))


def test_two_tiles_that_disagree_fade_into_each_other() -> None:
    class FirstSaysZero(PixelByPixel):
        def probabilities(self, images: Images) -> NDArray[np.float32]:
            self.seen.append((0, 0))
            answer = np.zeros((1, 2, *images[0].shape[:2]), np.float32)
            answer[:, len(self.seen) - 1] = 1
            return answer

    tiled = TiledPredictor(cast(Predictor, FirstSaysZero()), (1, 8), 0.5)
    # Tiles at 0–7 and 4–11: on pixels 4 to 7 the first one's weights are 4 3 2 1, the second one's 1 2 3 4. The
    # tile is one pixel high, which bounds every weight at 1: they share alike.
    assert tiled.probabilities([np.zeros((1, 12, 3), np.uint8)])[0, 0, 0].tolist() == [1] * 4 + [0.5] * 4 + [0] * 4
    tiled = TiledPredictor(cast(Predictor, FirstSaysZero()), (9, 8), 0.5)
    middle = tiled.probabilities([np.zeros((9, 12, 3), np.uint8)])[0, 0, 4]
    np.testing.assert_allclose(middle, [1] * 4 + [0.8, 0.6, 0.4, 0.2] + [0] * 4, atol=1e-6)


def test_a_real_network_in_one_tile_is_the_network(model: SavedModel) -> None:
    predictor = Predictor(model, precision="fp32")
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    tiled = TiledPredictor(predictor, (48, 64))
    np.testing.assert_allclose(tiled.probabilities([image]), predictor.probabilities([image]), atol=1e-6)


def test_overlap_has_a_range(model: SavedModel) -> None:
    with pytest.raises(UserError, match="overlap 1"):
        TiledPredictor(Predictor(model), (48, 64), 1)
