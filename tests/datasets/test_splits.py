"""The language of data.train and data.val."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segnet.datasets.samples import Pair
from segnet.datasets.splits import select_split, sequences_of, share_of
from segnet.errors import UserError

SPLITS = {
    "train": ["a_1", "drive-2_1", "a_2", "drive_1"],
    "val": ["drive-2_2", "b_1"],
}


def pairs(names: list[str]) -> list[Pair]:
    return [Pair(Path(f"{name}.jpg"), Path(f"{name}.png")) for name in names]


def chosen(split: str) -> list[str]:
    return [pair.image.stem for pair in select_split(split, lambda name: pairs(SPLITS[name]))]


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
def test_what_is_no_choice(split: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        chosen(split)


@given(st.sets(st.text("abc0123", min_size=1), max_size=30), st.integers(1, 99))
def test_shares_cut_without_loss_or_overlap(names: set[str], cut: int) -> None:
    everything = pairs(sorted(names))
    first, second = share_of(everything, 0, cut), share_of(everything, cut, 100)
    assert sorted(first + second) == everything
    assert len(first) == round(len(names) * cut / 100)
    # The place and the order of the files do not matter.
    moved = [Pair("elsewhere" / pair.image, pair.mask) for pair in reversed(everything)]
    assert {pair.image.stem for pair in share_of(moved, 0, cut)} == {pair.image.stem for pair in first}


def test_a_sequence_is_left_out_or_alone() -> None:
    everything = select_split("train+val", lambda name: pairs(SPLITS[name]))
    for sequence, count in sequences_of(everything).items():
        alone, others = chosen(f"train+val@{sequence}"), chosen(f"train+val-{sequence}")
        assert len(alone) == count
        assert sorted(alone + others) == sorted(pair.image.stem for pair in everything)
