"""Which folders are splits of CamVid, and which frames the authors put into which."""

from collections import Counter
from pathlib import Path

from segnet.datasets.camvid.layout import SEQUENCES, mask_folder, published_splits, splits_in


def test_a_split_is_a_folder_with_one_of_masks_beside_it(tmp_path: Path) -> None:
    for name in ("val", "valannot", "train", "trainannot", "test", "extraannot", "annot", ".old", ".oldannot"):
        (tmp_path / name).mkdir()
    (tmp_path / "noteannot").touch()
    (tmp_path / "note").mkdir()
    assert splits_in(tmp_path) == ["train", "val"]
    assert mask_folder(tmp_path, "val") == tmp_path / "valannot"


def test_a_folder_that_is_not_there_has_no_splits(tmp_path: Path) -> None:
    assert splits_in(tmp_path / "nowhere") == []


def test_the_authors_put_701_frames_of_four_films_into_three_splits() -> None:
    split_of = published_splits()
    # arXiv 1511.00561, section 4.1: 367 to train on, 233 to test on; the authors' val has the other 101.
    assert Counter(split_of.values()) == {"train": 367, "val": 101, "test": 233}
    assert all(name.startswith(SEQUENCES) for name in split_of)
    assert split_of["0016E5_07959"] == "val"
