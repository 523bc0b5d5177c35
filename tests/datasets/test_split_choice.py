"""What is trained on where the data set does not say it."""

from pathlib import Path

import pytest

from segnet.datasets.samples import Pair
from segnet.datasets.split_choice import choose_splits
from segnet.datasets.splits import select_split
from segnet.errors import UserError


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
        assert select_split(choice, lambda name: members[name])


def test_whole_sequences_are_kept_back() -> None:
    counts = {"a": 10, "b-1": 3, "c": 20, "d": 4}
    everything = pairs(*(f"{name}_{number}" for name, count in counts.items() for number in range(count)))
    # A fifth of 37 images: b-1 and d together.
    train, val = choose_splits({"all": everything})
    assert (train, val) == ("all-b-1-d", "all@b-1@d")
    assert len(select_split(val, lambda name: everything)) == 7
    assert len(select_split(train, lambda name: everything)) == 30


def test_one_image_is_not_enough() -> None:
    with pytest.raises(UserError, match="'all' holds one image"):
        choose_splits({"all": pairs("a")})
