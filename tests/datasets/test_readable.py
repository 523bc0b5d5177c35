"""Images and masks that cannot be read, left out of a training and named."""

from pathlib import Path

import pytest

from segnet.config import DataConfig
from segnet.datasets import readable, statistics_cache
from segnet.datasets.load import load_split, load_train_split
from segnet.datasets.readable import cached_problems
from segnet.datasets.samples import ImagesAndMasks
from segnet.errors import UserError
from tests.datasets.folders import index_mask, photo


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten pairs: the image of the first and of the fifth is cut short, the mask of the eighth has another size."""
    monkeypatch.setattr(statistics_cache, "SETTLED", -1.0)
    for index in range(10):
        image = photo(tmp_path / "images" / f"{index}.png", seed=index)
        index_mask(tmp_path / "masks" / f"{index}.png", [0, 1], (8, 8) if index == 7 else (12, 16))
        if index in (0, 4):
            image.write_bytes(image.read_bytes()[:100])
    return tmp_path


def config(root: Path, **settings: object) -> DataConfig:
    given = {"name": "folder", "root": str(root), "classes": ["a", "b"], "on_error": "skip", **settings}
    return DataConfig.model_validate(given)


def test_unreadable_samples_are_left_out_and_named(root: Path) -> None:
    split = load_split(config(root), "all")
    assert [split[index].name for index in range(len(split))] == ["1", "2", "3", "5", "6", "8", "9"]
    first, second, third = split.left_out
    assert first.startswith(f"{root / 'images' / '0.png'}: cannot be read as an image")
    assert second.startswith(f"{root / 'images' / '4.png'}: cannot be read as an image")
    assert third.startswith(f"{root / 'masks' / '7.png'}: the mask is 8×8 pixels, its image")


def test_the_rest_is_kept_in_memory_as_without_bad_images(root: Path) -> None:
    split = load_split(config(root), "all")
    before = split[2].image
    Path(split.pairs[2].image).unlink()
    assert (split[2].image == before).all()


def test_by_default_the_first_bad_image_ends_it(root: Path) -> None:
    with pytest.raises(UserError, match=r"0\.png: cannot be read as an image"):
        load_split(config(root, on_error="stop"), "all")


def test_shares_and_merged_classes_know_what_was_left_out(root: Path) -> None:
    share = load_train_split(config(root, train="all", train_share=0.5, merge={"both": ["a", "b"]}))
    assert (len(share), len(share.left_out)) == (4, 3)
    assert share.classes.names == ("both",)


def test_a_split_without_readable_samples_is_refused(root: Path) -> None:
    for path in (root / "images").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match=r"none of 10 images can be read; the first: .*0\.png: cannot be read"):
        load_split(config(root), "all")


def test_only_bad_images_are_read_again_while_nothing_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    problem_of = readable.problem_of

    def noting(dataset: ImagesAndMasks, index: int) -> str:
        read.append(index)
        return problem_of(dataset, index)

    monkeypatch.setattr(readable, "problem_of", noting)
    first = load_split(config(root), "all").left_out
    assert read == list(range(10))
    read.clear()
    assert load_split(config(root), "all").left_out == first
    assert read == [0, 4, 7]
    read.clear()
    photo(root / "images" / "4.png", seed=4)
    assert len(load_split(config(root), "all").left_out) == 2
    assert read == list(range(10))


def test_a_place_that_cannot_be_written_is_no_hindrance(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "file"))
    split = load_split(config(root, on_error="skip"), "all")
    assert len(split.left_out) == 3
    assert sorted(cached_problems(load_split(config(root), "all"))) == []
