"""A user's own images and masks, and the config that names them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.config import DataConfig
from segnet.datasets.load import folder_classes, load_split
from segnet.errors import UserError


def fill(images: Path, masks: Path, names: list[str]) -> None:
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    for name in names:
        Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(images / f"{name}.jpg")
        Image.fromarray(np.ones((4, 6), np.uint8)).save(masks / f"{name}.png")


def config(folder: Path, **settings: object) -> DataConfig:
    return DataConfig.model_validate({"name": "folder", "root": str(folder), "classes": ["road", "other"]} | settings)


def test_splits_are_folders(tmp_path: Path) -> None:
    fill(tmp_path / "images/train", tmp_path / "masks/train", ["b", "a"])
    fill(tmp_path / "images/val", tmp_path / "masks/val", ["c"])
    assert [pair.image.name for pair in load_split(config(tmp_path), "train+val").pairs] == ["a.jpg", "b.jpg", "c.jpg"]
    sample = load_split(config(tmp_path), "train")[0]
    assert (sample.name, sample.mask.max()) == ("a", 1)
    with pytest.raises(UserError, match="no split 'test'; there is train, val"):
        load_split(config(tmp_path), "test")


def test_without_splits_the_folder_is_one(tmp_path: Path) -> None:
    fill(tmp_path / "images", tmp_path / "masks", ["b", "a"])
    assert len(load_split(config(tmp_path), "train")) == 2


def test_a_list_names_the_pairs_of_a_split(tmp_path: Path) -> None:
    fill(tmp_path / "images", tmp_path / "masks", ["b", "a", "c"])
    (tmp_path / "train.txt").write_text("images/c.jpg masks/c.png\nimages/a.jpg masks/a.png\n")
    assert [pair.image.stem for pair in load_split(config(tmp_path), "train").pairs] == ["c", "a"]


def test_labels_are_checked_against_the_classes_of_the_config(tmp_path: Path) -> None:
    fill(tmp_path / "images", tmp_path / "masks", ["a"])
    with pytest.raises(UserError, match="label 1 found, but there are 1 classes"):
        load_split(config(tmp_path, classes=["road"]), "train")[0]
    assert load_split(config(tmp_path, classes=["road"], ignore_index=1), "train")[0].mask.max() == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": None}, "data.classes is not set"),
        ({"root": None}, "data.root is not set"),
        ({"colors": [(0, 0, 0)]}, "2 class names, but 1 colours"),
        ({"ignore_index": 1}, "ignore_index 1 is the class 'other'"),
        ({}, "no folder images/ and no list train.txt"),
    ],
)
def test_settings_that_do_not_fit(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_split(config(tmp_path, **settings), "train")


def test_colours_that_are_not_given_differ() -> None:
    classes = folder_classes(config(Path(), classes=[str(index) for index in range(255)]))
    assert len(set(classes.colors)) == 255
    assert classes.colors[:3] == ((128, 0, 0), (0, 128, 0), (128, 128, 0))  # PASCAL VOC's first three
