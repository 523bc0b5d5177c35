"""The language of data.train and data.val."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segnet.datasets.pair import Pair
from segnet.datasets.splits import choose_splits, select_split, sequences_of, share_of, spread
from segnet.errors import UserError

SPLITS = {
    "train": ["a_1", "drive-2_1", "a_2", "drive_1"],
    "val": ["drive-2_2", "b_1"],
}


def chosen(split: str) -> list[str]:
    return [pair.image.stem for pair in select_split(split, lambda name: pairs(*SPLITS[name]), "here")]


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", ["a_1", "drive-2_1", "a_2", "drive_1"]),
        ("train+val@a", ["a_1", "a_2"]),
        ("train+val@a@b", ["a_1", "a_2", "b_1"]),
        ("train+val-a-b", ["drive-2_1", "drive_1", "drive-2_2"]),
        ("train+val@drive-2", ["drive-2_1", "drive-2_2"]),
        ("train-drive-2", ["a_1", "a_2", "drive_1"]),
        ("train-drive", ["a_1", "drive-2_1", "a_2"]),
        ("train%0..100", ["a_1", "drive-2_1", "a_2", "drive_1"]),
    ],
)
def test_names_sequences_and_shares(split: str, names: list[str]) -> None:
    assert chosen(split) == names


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("train@c", "no sequence 'c'; there is a, drive, drive-2"),
        ("train-driv", "no sequence 'driv'"),
        ("train%80..20", "from a lower to a higher percentage"),
        ("train%0..120", "from a lower to a higher percentage"),
        ("train%", "expected one such as"),
        ("@a", "expected one such as"),
    ],
)
def test_text_that_is_no_split_is_refused(split: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        chosen(split)


@given(st.sets(st.text("abc0123", min_size=1), max_size=30), st.integers(1, 99))
def test_shares_cut_without_loss_or_overlap(names: set[str], cut: int) -> None:
    everything = pairs(*sorted(names))
    first, second = share_of(everything, 0, cut), share_of(everything, cut, 100)
    assert sorted(first + second) == everything
    assert len(first) == round(len(names) * cut / 100)
    # The place and the order of the files do not matter.
    moved = [Pair("elsewhere" / pair.image, pair.mask) for pair in reversed(everything)]
    assert {pair.image.stem for pair in share_of(moved, 0, cut)} == {pair.image.stem for pair in first}


def test_a_sequence_is_left_out_or_alone() -> None:
    everything = select_split("train+val", lambda name: pairs(*SPLITS[name]), "here")
    for sequence, count in sequences_of(everything).items():
        alone, others = chosen(f"train+val@{sequence}"), chosen(f"train+val-{sequence}")
        assert len(alone) == count
        assert sorted(alone + others) == sorted(pair.image.stem for pair in everything)


def pairs(*names: str) -> list[Pair]:
    return [Pair(Path(f"{name}.jpg"), Path(f"{name}.png")) for name in names]


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ({"train": 2, "val": 1, "test": 1}, ("train", "val")),
        ({"trainval": 3, "train": 2, "val": 1}, ("train", "val")),
        ({"train2017": 2, "val2017": 1}, ("train2017", "val2017")),
        ({"train": 10, "test": 5}, ("train%0..80", "train%80..100")),
        ({"all": 10}, ("all%0..80", "all%80..100")),
        ({"all": 2}, ("all%0..50", "all%50..100")),
    ],
)
def test_the_data_sets_own_splits_or_a_share(splits: dict[str, int], expected: tuple[str, str]) -> None:
    members = {name: pairs(*(f"{n}" for n in range(count))) for name, count in splits.items()}
    train, val = choose_splits(members)
    assert (train, val) == expected
    for choice in (train, val):
        assert select_split(choice, lambda name: members[name], "here")


def test_whole_sequences_are_kept_back() -> None:
    counts = {"a": 10, "b-1": 3, "c": 20, "d": 4}
    everything = pairs(*(f"{name}_{index}" for name, count in counts.items() for index in range(count)))
    # A fifth of 37 images: b-1 and d together.
    train, val = choose_splits({"all": everything})
    assert (train, val) == ("all-b-1-d", "all@b-1@d")
    assert len(select_split(val, lambda name: everything, "here")) == 7
    assert len(select_split(train, lambda name: everything, "here")) == 30


@pytest.mark.parametrize("split", ["train", "train+val", "train%0..50"])
def test_a_split_without_images_is_named_with_its_data(split: str) -> None:
    with pytest.raises(UserError, match=f"^/data/streets: the split {re.escape(repr(split))} holds no images$"):
        select_split(split, lambda name: [], Path("/data/streets"))


def test_a_single_image_is_refused() -> None:
    with pytest.raises(UserError, match="'all' holds one image"):
        choose_splits({"all": pairs("a")})


def test_steps_are_equal_and_no_number_comes_twice() -> None:
    assert spread(3, 9) == [0, 3, 6]
    assert spread(4, 101) == [0, 25, 50, 75]
    assert spread(5, 2) == [0, 1]
    assert spread(5, 0) == []
