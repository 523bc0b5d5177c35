"""Classes merged and ignored by name: the labels by hand, and the same through every kind of data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segnet.config import DataConfig
from segnet.datasets import scenes
from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID, ClassSet
from segnet.datasets.load import load_split, load_train_split
from segnet.datasets.merging import in_order_of, merge_classes, merged_classes, only_known
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.datasets.shards import write_shards
from segnet.datasets.statistics import count_classes
from segnet.datasets.statistics_cache import state_of_masks
from segnet.errors import UserError
from tests.datasets.folders import color_mask, index_mask, photo

NAMES = ("sky", "car", "tree", "truck", "fence")
COLORS = tuple((label, 0, 0) for label in range(5))
CLASSES = ClassSet(NAMES, COLORS, ignore_index=255)
MERGE = {"vehicle": ["truck", "car"]}


def test_merged_labels_match_those_by_hand() -> None:
    classes, table = merged_classes(CLASSES, MERGE, ["fence"])
    # The merged class stands where car stood, in the colour of truck, which is named first.
    assert classes == ClassSet(("sky", "vehicle", "tree"), ((0, 0, 0), (3, 0, 0), (2, 0, 0)), 255)
    assert table[:5] == [0, 1, 2, 1, 255]
    assert table[255] == 255


@pytest.mark.parametrize("value", ["4", "#ff0000"])
def test_ignored_values_are_told_from_ignored_names(value: str) -> None:
    with pytest.raises(UserError, match=f"data.ignore: no class '{value}'; values of masks go in data.ignore_values"):
        merged_classes(CLASSES, {}, [value])


def test_camvids_eleven_as_seven_by_hand() -> None:
    seven = {"nature": ["Tree"], "construction": ["Building", "Fence"], "object": ["Pole", "SignSymbol"]}
    seven |= {"flat": ["Road", "Pavement"], "human": ["Pedestrian", "Bicyclist"]}
    classes, table = merged_classes(CAMVID, seven)
    assert classes.names == ("Sky", "construction", "object", "flat", "nature", "Car", "human")
    assert table[:12] == [0, 1, 2, 3, 3, 4, 2, 1, 5, 6, 6, 11]
    assert classes.ignore_index == 11


@given(st.lists(st.sampled_from(["keep", "ignore", "one", "two"]), min_size=5, max_size=5))
def test_every_label_becomes_the_class_of_its_name(fates: list[str]) -> None:
    named = {fate: [name for name, own in zip(NAMES, fates, strict=True) if own == fate] for fate in set(fates)}
    merge = {fate: members for fate, members in named.items() if fate in ("one", "two")}
    ignore = named.get("ignore", [])
    if len(ignore) == 5:
        with pytest.raises(UserError, match="no class is left"):
            merged_classes(CLASSES, merge, ignore)
        return
    classes, table = merged_classes(CLASSES, merge, ignore)
    for label, (name, fate) in enumerate(zip(NAMES, fates, strict=True)):
        if fate == "ignore":
            assert table[label] == 255
        else:
            assert classes.names[table[label]] == (name if fate == "keep" else fate)
    assert set(table[:5]) - {255} == set(range(len(classes)))


@pytest.mark.parametrize(
    ("merge", "ignore", "message"),
    [
        (
            {"vehicle": ["Truck"]},
            [],
            r"data\.merge\.vehicle: no class 'Truck'; did you mean truck\? there are sky",
        ),
        ({}, ["hedge"], r"data\.ignore: no class 'hedge'; .*there are sky"),
        ({"a": ["car"], "b": ["car"]}, [], r"data\.merge\.b: the class 'car' is named twice"),
        ({"a": ["car"]}, ["car"], r"data\.ignore: the class 'car' is named twice"),
        ({"car": ["truck"]}, [], r"data\.merge\.car: 'car' is a class already; name it among those that become one"),
    ],
)
def test_mistakes_are_named(merge: dict[str, list[str]], ignore: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        merged_classes(CLASSES, merge, ignore)


def test_a_class_may_take_in_others_under_its_own_name_and_void_is_ignored_already() -> None:
    classes, table = merged_classes(CLASSES, {"car": ["car", "truck"]}, ["Void"])
    assert classes.names == ("sky", "car", "tree", "fence")
    assert table[:5] == [0, 1, 2, 1, 3]


@pytest.fixture
def dataset(tmp_path: Path) -> ImagesAndMasks:
    values = [[0, 1, 3, 255], [4, 4, 2, 3]]
    pairs = [
        Pair(photo(tmp_path / f"{n}.png", seed=n), index_mask(tmp_path / f"{n}_mask.png", row))
        for n, row in enumerate(values)
    ]
    return ImagesAndMasks(pairs, CLASSES)


def test_masks_samples_and_counts_have_the_new_labels(dataset: ImagesAndMasks) -> None:
    merged = merge_classes(dataset, MERGE, ["fence"])
    assert np.unique(merged.mask(0)).tolist() == [0, 1, 255]
    assert np.unique(merged[1].mask).tolist() == [1, 2, 255]
    np.testing.assert_array_equal(merged[1].image, dataset[1].image)
    # Of 192 pixels a quarter is of each value: vehicle in two quarters of one image and one of the other.
    assert count_classes(merged).pixels.tolist() == [48, 144, 48]
    assert count_classes(merged.subset([1])).pixels.tolist() == [0, 48, 48]


def test_nothing_to_merge_leaves_the_data_as_they_are(dataset: ImagesAndMasks) -> None:
    assert merge_classes(dataset, {}) is dataset


def test_other_classes_are_other_data(dataset: ImagesAndMasks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segnet.datasets.statistics_cache.SETTLED", -1.0)
    one, other = merge_classes(dataset, {"a": ["sky", "car"]}), merge_classes(dataset, {"a": ["sky", "tree"]})
    assert len({dataset.fingerprint(), one.fingerprint(), other.fingerprint()}) == 3
    assert one.fingerprint() == merge_classes(dataset, {"a": ["sky", "car"]}).fingerprint()
    # Merged anew, the same number of classes is counted apart from the others.
    assert len({state_of_masks(dataset), state_of_masks(one), state_of_masks(other)}) == 3


def test_classes_are_put_in_another_order(dataset: ImagesAndMasks) -> None:
    turned = in_order_of(dataset, NAMES[::-1])
    assert turned.classes == ClassSet(NAMES[::-1], COLORS[::-1], 255)
    assert count_classes(turned).pixels.tolist() == count_classes(dataset).pixels.tolist()[::-1]
    assert in_order_of(dataset, NAMES) is dataset
    assert in_order_of(dataset, ("sky", "car")) is dataset


def test_names_that_one_side_lacks_are_left_out() -> None:
    assert only_known({"vehicle": ["Car", "Truck"], "thing": ["Bin"]}, ["Car", "Sky"]) == {"vehicle": ["Car"]}


def test_every_kind_of_data_is_merged_by_name(
    tmp_path: Path, tiny_camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Car is label 8 in the masks, label 0 is Sky; the rest does not occur."""
    monkeypatch.setattr(scenes, "ensure_scenes", lambda root: tiny_camvid)
    write_shards(load_camvid(str(tiny_camvid), "train"), tmp_path / "shards" / "train")
    for index in range(4):
        photo(tmp_path / "plain" / "images" / f"{index}.png", seed=index)
        index_mask(tmp_path / "plain" / "masks" / f"{index}.png", [0, 8])
        photo(tmp_path / "colours" / "images" / f"{index}.png", seed=index)
        color_mask(tmp_path / "colours" / "masks" / f"{index}.png", [CAMVID.colors[0], CAMVID.colors[8]])
    named: dict[str, Any] = {"name": "folder", "classes": list(CAMVID.names), "colors": list(CAMVID.colors)}
    kinds: list[dict[str, Any]] = [
        {"name": "camvid", "root": str(tiny_camvid)},
        {"name": "scenes"},
        {"name": "shards", "root": str(tmp_path / "shards")},
        {"name": "folder", "format": "camvid", "root": str(tiny_camvid)},
        {**named, "root": str(tmp_path / "plain"), "train": "all"},
        {**named, "root": str(tmp_path / "colours"), "format": "generic", "train": "all"},
    ]
    for kind in kinds:
        plain = load_train_split(DataConfig.model_validate(kind))
        data = DataConfig.model_validate({**kind, "merge": {"moving": ["Car", "Bicyclist"]}, "ignore": ["Sky"]})
        merged = load_split(data, data.train)
        assert merged.classes.names[-2:] == ("moving", "Pedestrian"), kind
        assert len(merged.classes) == 9
        before, after = count_classes(plain).pixels, count_classes(merged).pixels
        assert before[8] > 0
        assert before[0] > 0
        assert after.tolist() == [0] * 7 + [before[8], 0]
