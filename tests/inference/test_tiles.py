"""Tiles: where they lie, and that an image seen in tiles is the image."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels
from segnet.errors import UserError
from segnet.inference.predictor import Predictor
from segnet.inference.tiles import bands, starts
from segnet.nn.saved import SavedModel


def pixel_by_pixel(tile: Pixels) -> NDArray[np.float32]:
    """Says of each pixel alone: class 0 as likely as it is red, class 1 the rest."""
    red = tile[..., 0].astype(np.float32) / 255
    return np.stack([red, 1 - red])


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
def test_a_pixelwise_network_gives_the_same_in_tiles(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    seen = []

    def see(tile: Pixels) -> NDArray[np.float32]:
        seen.append(tile.shape[:2])
        return pixel_by_pixel(tile)

    np.testing.assert_allclose(np.concatenate(list(bands(image, (16, 24), see)), 1), pixel_by_pixel(image), atol=1e-6)
    assert set(seen) == {(min(16, size[0]), min(24, size[1]))}


@pytest.mark.parametrize(("height", "expected"), [(1, [0.5] * 4), (9, [0.8, 0.6, 0.4, 0.2])])
def test_two_tiles_that_disagree_fade_into_each_other(
    height: int, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles at 0–7 and 4–11: on pixels 4 to 7 the first one's weights are 4 3 2 1, the second one's 1 2 3 4.

    A tile that is one pixel high bounds every weight at 1: both share alike.
    """
    monkeypatch.setattr("segnet.inference.tiles.OVERLAP", 0.5)
    classes = iter([0, 1])

    def see(tile: Pixels) -> NDArray[np.float32]:
        answer = np.zeros((2, *tile.shape[:2]), np.float32)
        answer[next(classes)] = 1
        return answer

    (band,) = bands(np.zeros((height, 12, 3), np.uint8), (height, 8), see)
    np.testing.assert_allclose(band[0, height // 2], [1] * 4 + expected + [0] * 4, atol=1e-6)


def test_the_memory_is_that_of_one_row_of_tiles() -> None:
    class Road:
        """A very high image that is nowhere as a whole."""

        shape = (20_000, 1920, 3)

        def __getitem__(self, place: tuple[slice, slice]) -> Pixels:
            rows, columns = place
            return np.full((rows.stop - rows.start, columns.stop - columns.start, 3), 128, np.uint8)

    tracemalloc.start()
    height = sum(band.shape[1] for band in bands(Road(), (360, 480), pixel_by_pixel))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert height == 20_000
    # The image would be 115 MB, and its probabilities 307.
    assert peak < 30e6


@pytest.mark.parametrize("samples", [1, 3])
def test_a_real_network_in_one_tile_is_the_network(samples: int, bayesian_model: SavedModel) -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    found = []
    for tile in (None, (48, 64)):
        predictor = Predictor(bayesian_model, precision="fp32", samples=samples, tile=tile)
        torch.manual_seed(0)
        found.append((predictor.probabilities([image]), *predictor.uncertainty([image]), predictor.classes_of([image])))
    for whole, tiled in zip(*found, strict=True):
        np.testing.assert_allclose(tiled, whole, atol=1e-6)


def test_tiles_are_seen_at_full_sharpness_unless_a_size_is_given(model: SavedModel) -> None:
    assert Predictor(model, tile=(96, 128)).network_size(96, 128) == (96, 128)
    assert Predictor(model, tile=(96, 128), size="trained").network_size(96, 128) == (48, 64)
    assert Predictor(model, tile=(96, 128), size=(24, 32)).network_size(96, 128) == (24, 32)


def test_a_tile_has_room_for_something(model: SavedModel) -> None:
    with pytest.raises(UserError, match="tile 480x8: a side has 16 pixels at least"):
        Predictor(model, tile=(480, 8))
