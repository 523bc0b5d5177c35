"""Kept counts are those of the masks as they are now."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from segnet.datasets import statistics_cache
from segnet.datasets.classes import ClassSet
from segnet.datasets.coding import Coding
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.datasets.statistics import PixelTable, count_by_image, count_classes
from segnet.datasets.statistics_cache import cached_counts
from segnet.files import cache_folder
from tests.datasets.folders import index_mask, photo

CLASSES = ClassSet(("a", "b"), ((0, 0, 0), (1, 1, 1)), 255)


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImagesAndMasks:
    """One pair; counting is done through a list of calls, and files count as settled at once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(statistics_cache, "SETTLED", -1.0)
    pair = Pair(photo(tmp_path / "a.png"), index_mask(tmp_path / "a_mask.png", [0, 1]))
    return ImagesAndMasks([pair], CLASSES)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counted: list[int] = []

    def counting(dataset: ImagesAndMasks) -> PixelTable:
        counted.append(len(dataset))
        return count_by_image(dataset)

    monkeypatch.setattr(statistics_cache, "count_by_image", counting)
    return counted


def test_counts_are_kept(dataset: ImagesAndMasks, calls: list[int]) -> None:
    first, second = cached_counts(dataset), cached_counts(dataset)
    assert len(calls) == 1
    for name, values in vars(count_classes(dataset)).items():
        assert np.array_equal(getattr(first, name), values)
        assert np.array_equal(getattr(second, name), values)


def test_a_changed_mask_is_counted_again_even_with_its_old_time_and_size(
    dataset: ImagesAndMasks, calls: list[int]
) -> None:
    path = dataset.pairs[0].mask
    before = path.stat()
    assert cached_counts(dataset).pixels.tolist() == [96, 96]
    time.sleep(0.02)  # a tick of the file system's clock
    content = path.read_bytes()
    index_mask(path, [1, 0])
    assert path.read_bytes() != content
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    cached_counts(dataset)
    assert len(calls) == 2


def test_other_classes_and_another_coding_are_counted_apart(dataset: ImagesAndMasks, calls: list[int]) -> None:
    cached_counts(dataset)
    three = ClassSet(("a", "b", "c"), ((0, 0, 0),) * 3, 255)
    assert cached_counts(ImagesAndMasks(dataset.pairs, three)).pixels.tolist() == [96, 96, 0]
    swapped = Coding({0: 1, 1: 0, 2: 0})
    cached_counts(ImagesAndMasks(dataset.pairs, CLASSES, coding=swapped))
    assert len(calls) == 3


def test_a_file_that_was_just_written_is_not_trusted(
    dataset: ImagesAndMasks, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics_cache, "SETTLED", 60.0)
    cached_counts(dataset)
    cached_counts(dataset)
    assert len(calls) == 2
    assert not (cache_folder() / "statistics").exists()


@pytest.mark.parametrize("damage", ["", "{", "PK\x03\x04 cut"])
def test_a_damaged_file_is_counted_again(dataset: ImagesAndMasks, calls: list[int], damage: str) -> None:
    cached_counts(dataset)
    [kept] = (cache_folder() / "statistics").iterdir()
    kept.write_text(damage)
    assert cached_counts(dataset).pixels.tolist() == [96, 96]
    assert len(calls) == 2


def test_a_place_that_cannot_be_written_is_no_hindrance(
    dataset: ImagesAndMasks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cached_counts(dataset).pixels.tolist() == [96, 96]
