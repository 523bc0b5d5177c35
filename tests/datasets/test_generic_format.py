"""Anybody's folders: names of folders and files, lists, files of classes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.config import DataConfig
from segnet.datasets.formats import open_layout
from segnet.datasets.load import load_split
from segnet.datasets.meaning import classes_of
from segnet.errors import UserError
from tests.datasets.folders import color_mask, index_mask, of_mask, photo

LAYOUTS = {
    "two folders": [("all", "images/a.jpg", "masks/a.png"), ("all", "images/b.webp", "masks/b.png")],
    "two folders by split": [
        ("train", "imgs/training/a.jpg", "labels/training/a.png"),
        ("val", "imgs/val/b.tif", "labels/val/b.png"),
    ],
    "cities in splits": [
        ("train", "img/train/oslo/b_1.png", "gt/train/oslo/b_1_gt.png"),
        ("train", "img/train/rome/a_1.png", "gt/train/rome/a_1_gt.png"),
    ],
    "folders by split": [
        ("train", "train/images/a.jpg", "train/masks/a_mask.png"),
        ("test", "test/images/b.jpg", "test/masks/b_mask.png"),
    ],
    "folder beside folder": [
        ("train", "train/a.jpg", "train_labels/a_L.png"),
        ("val", "val/b.jpg", "val_labels/b_L.png"),
    ],
    "side by side, named": [("all", "a.jpg", "a_mask.png"), ("all", "b.png", "mask_b.png")],
    "side by side, by suffix": [("train", "train/a.jpg", "train/a.png"), ("val", "valid/b.jpg", "valid/b.png")],
    "one name in two folders": [
        ("c1", "images/c1/1.jpg", "masks/c1/1.png"),
        ("c2", "images/c2/1.jpg", "masks/c2/1.png"),
    ],
    "one name in two folders of a split": [
        ("train", "images/train/c1/1.jpg", "masks/train/c1/1.png"),
        ("train", "images/train/c2/1.jpg", "masks/train/c2/1_mask.png"),
    ],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_images_and_masks_pair_up_in_any_layout(tmp_path: Path, name: str) -> None:
    expected = []
    for split, image, mask in LAYOUTS[name]:
        expected.append((split, photo(tmp_path / image), index_mask(tmp_path / mask, [0, 1])))
    found, layout = open_layout(tmp_path)
    assert found == "generic"
    assert sorted((split, *pair.files) for split, pairs in layout.splits.items() for pair in pairs) == sorted(expected)
    assert layout.without_mask == layout.without_image == []
    assert layout.classes is None


def test_files_without_a_partner_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        photo(tmp_path / f"images/{name}.jpg")
    for name in ("b", "c"):
        index_mask(tmp_path / f"masks/{name}.png", [0])
    _, layout = open_layout(tmp_path)
    assert [path.name for path in layout.without_mask] == ["a.jpg"]
    assert [path.name for path in layout.without_image] == ["c.png"]


@pytest.mark.parametrize("line", ["{0}", "{0}.jpg", "images/{0}.jpg", "images/{0}.jpg masks/{0}.png"])
def test_lists_of_names_or_of_pairs(tmp_path: Path, line: str) -> None:
    for name in ("a", "b", "c"):
        photo(tmp_path / f"images/{name}.jpg")
        index_mask(tmp_path / f"masks/{name}.png", [0])
    (tmp_path / "train.txt").write_text(f"{line.format('c')}\n{line.format('a')}\n")
    (tmp_path / "valid.txt").write_text(f"{line.format('b')}\n")
    _, layout = open_layout(tmp_path)
    stems = {split: [pair.image.stem for pair in pairs] for split, pairs in layout.splits.items()}
    assert stems == {"train": ["c", "a"], "val": ["b"]}
    (tmp_path / "train.txt").write_text("gone\n")
    with pytest.raises(UserError, match=r"train.txt: no image with a mask named gone"):
        open_layout(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "colored"),
    [
        ("classes.csv", "label,name,r,g,b\n0,road,255,0,0\n1,void,0,0,0\n2,car,0,255,0\n", True),
        ("class_dict.csv", "name, r, g, b\nroad,255,0,0\nvoid,0,0,0\ncar,0,255,0\n", True),
        ("label_colors.txt", "255 0 0\troad\n0 0 0 Void\n0 255 0 car\n", True),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nroad:255,0,0::\nvoid:0,0,0::\ncar:0,255,0::\n", True),
        ("labels.txt", "0: road\n1: void\n2: car\n", False),
        ("classes.txt", "road\nunlabelled\ncar\n", False),
    ],
)
def test_class_files_give_names_and_colours(tmp_path: Path, name: str, text: str, colored: bool) -> None:
    photo(tmp_path / "images/a.png")
    if colored:
        mask = color_mask(tmp_path / "masks/a.png", [(255, 0, 0), (0, 0, 0), (0, 255, 0)])
    else:
        mask = index_mask(tmp_path / "masks/a.png", [0, 1, 2])
    (tmp_path / name).write_text(text)
    _, layout = open_layout(tmp_path)
    assert layout.named is not None
    classes, coding = classes_of(layout.named)
    assert classes.names == ("road", "car")
    labels, unknown, _ = coding.decode(of_mask(mask))
    assert labels[0].tolist() == [0] * 6 + [255] * 6 + [1] * 4
    assert unknown == {}


def test_a_file_of_classes_that_is_none(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.png")
    index_mask(tmp_path / "masks/a.png", [0])
    (tmp_path / "label_colors.txt").write_text("255 0 red\n")
    with pytest.raises(UserError, match=r"label_colors.txt: not a list of classes as expected"):
        open_layout(tmp_path)


def test_a_config_says_what_values_and_colours_mean(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.png")
    index_mask(tmp_path / "masks/a.png", [0, 255])
    settings = {"name": "folder", "root": str(tmp_path), "format": "generic", "classes": ["ground", "road"]}
    data = DataConfig.model_validate(settings | {"labels": [0, 255], "ignore_index": 254})
    assert load_split(data, "all")[0].mask[0].tolist() == [0] * 8 + [1] * 8
    color_mask(tmp_path / "masks/a.png", [(9, 9, 9), (200, 0, 0)])
    colored = DataConfig.model_validate(settings | {"colors": [(9, 9, 9), (200, 0, 0)]})
    assert load_split(colored, "all%0..100")[0].mask[0].tolist() == [0] * 8 + [1] * 8
    color_mask(tmp_path / "masks/a.png", [(9, 9, 9), (200, 0, 1)])
    with pytest.raises(UserError, match=r"a.png: the mask holds #c80001 \(96 pixels\), which stand for no class"):
        load_split(colored, "all")[0]
    with pytest.raises(UserError, match="no split 'train'; there is all"):
        load_split(data, "train")
    with pytest.raises(UserError, match=r"data.labels: 1 values for 2 classes"):
        load_split(DataConfig.model_validate(settings | {"labels": [0]}), "all")


def test_every_kind_of_image_file_is_read(tmp_path: Path) -> None:
    for suffix in ("jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"):
        photo(tmp_path / f"images/{suffix}.{suffix}")
        index_mask(tmp_path / f"masks/{suffix}.png", [0, 1])
    Image.fromarray(np.zeros((12, 16), np.uint8)).save(tmp_path / "masks/tif.png")
    data = DataConfig.model_validate({"name": "folder", "root": str(tmp_path), "classes": ["a", "b"]})
    dataset = load_split(data, "train")
    assert len(dataset) == 7
    assert {dataset[index].image.shape for index in range(7)} == {(12, 16, 3)}
