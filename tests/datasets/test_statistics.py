"""Class counts and loss weights, by hand and on CamVid."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.utils.class_weight import compute_class_weight

from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import ClassSet
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.datasets.statistics import (
    SEGNET_PAPER_WEIGHTS,
    class_weights,
    count_classes,
    enet_weights,
    inverse_weights,
    median_frequency_weights,
)
from segnet.errors import UserError

CLASSES = ClassSet(("a", "b", "c", "never"), ((0, 0, 0),) * 4, ignore_index=255)
MASKS = ([[0, 0, 0, 1], [0, 0, 1, 255]], [[0, 0, 0, 0], [0, 0, 0, 2]])


@pytest.fixture
def dataset(tmp_path: Path) -> ImagesAndMasks:
    pairs = []
    for index, mask in enumerate(MASKS):
        pair = Pair(tmp_path / f"{index}.png", tmp_path / f"{index}_mask.png")
        Image.new("RGB", (4, 2)).save(pair.image)
        Image.fromarray(np.array(mask, np.uint8)).save(pair.mask)
        pairs.append(pair)
    return ImagesAndMasks(pairs, CLASSES)


def test_counts_match_those_by_hand(dataset: ImagesAndMasks) -> None:
    counts = count_classes(dataset)
    assert counts.pixels.tolist() == [12, 2, 1, 0]
    assert counts.pixels_where_present.tolist() == [16, 8, 8, 0]
    assert counts.images.tolist() == [2, 1, 1, 0]
    assert counts.pixels.dtype == np.int64


def test_weights_match_those_by_hand(dataset: ImagesAndMasks) -> None:
    counts = count_classes(dataset)
    # Frequencies 12/16, 2/8 and 1/8: their median is 1/4.
    np.testing.assert_allclose(median_frequency_weights(counts), [1 / 3, 1, 2, 0])
    # Shares of the 15 labelled pixels.
    np.testing.assert_allclose(enet_weights(counts, 1.1), [*(1 / np.log(1.1 + np.array([12, 2, 1]) / 15)), 0])
    np.testing.assert_allclose(inverse_weights(counts), [5 / 12, 5 / 2, 5, 0])


def test_inverse_weights_are_scikit_learns_balanced_ones(dataset: ImagesAndMasks) -> None:
    labels = np.array(MASKS).ravel()
    labels = labels[labels != 255]
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(inverse_weights(count_classes(dataset))[:3], expected)


def test_each_name_gives_its_weights(dataset: ImagesAndMasks) -> None:
    assert class_weights("none", dataset) is None
    weights = class_weights("median_frequency", dataset)
    assert weights is not None
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, [1 / 3, 1, 2, 0], rtol=1e-6)
    np.testing.assert_array_equal(class_weights([1, 2, 3, 4], dataset), [1, 2, 3, 4])
    np.testing.assert_array_equal(
        class_weights("enet", dataset, 1.1),
        enet_weights(count_classes(dataset), 1.1).astype(np.float32),
    )
    with pytest.raises(UserError, match="segnet_paper gives 11 weights, but there are 4 classes"):
        class_weights("segnet_paper", dataset)
    with pytest.raises(UserError, match="gives 2 weights, but there are 4 classes"):
        class_weights([1.0, 2.0], dataset)


def test_camvids_weights_are_the_published_ones_but_for_sign_symbol(camvid_root: Path) -> None:
    weights = median_frequency_weights(count_classes(load_camvid(str(camvid_root), "train")))
    sign_symbol = 6
    assert weights[sign_symbol] == pytest.approx(3.85, abs=0.01)
    others = np.arange(11) != sign_symbol
    np.testing.assert_allclose(weights[others], np.array(SEGNET_PAPER_WEIGHTS)[others], rtol=0.21)
