"""Each published layout, built small: which reader takes it, its pairs, splits, classes and labels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from segnet.config import DataConfig, DataFormat
from segnet.datasets.formats import FORMATS, open_layout
from segnet.datasets.formats.camvid_original import CAMVID_32, COLORS, MERGED
from segnet.datasets.load import load_split
from segnet.errors import UserError
from tests.datasets.folders import color_mask, index_mask, palette_mask, photo


def camvid(root: Path) -> None:
    for split in ("train", "val"):
        photo(root / split / "0001TP_1.png")
        index_mask(root / f"{split}annot" / "0001TP_1.png", [0, 10, 11])


def camvid_original(root: Path) -> None:
    for name in ("0001TP_006690", "0016E5_07959", "Seq05VD_f00000", "0001TP_000001"):
        photo(root / "701_StillsRaw_full" / f"{name}.png")
        color_mask(
            root / "LabeledApproved_full" / f"{name}_L.png", [COLORS["Wall"], COLORS["SUVPickupTruck"], (0, 0, 0)]
        )
    (root / "label_colors.txt").write_text("64 128 64\tAnimal\n")


def cityscapes(root: Path) -> None:
    for split, city in (("train", "aachen"), ("val", "munster")):
        name = f"{city}_000000_000019"
        photo(root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png")
        index_mask(root / "gtFine" / split / city / f"{name}_gtFine_labelIds.png", [7, 33, 0, 3])
        color_mask(root / "gtFine" / split / city / f"{name}_gtFine_color.png", [(128, 64, 128)])


def voc(root: Path) -> None:
    year = root / "VOCdevkit" / "VOC2012"
    for name in ("2007_000032", "2007_000039", "2008_000001"):
        photo(year / "JPEGImages" / f"{name}.jpg")
    palette = [(0, 0, 0), (128, 0, 0)] + [(0, 0, 0)] * 253 + [(224, 224, 192)]
    palette_mask(year / "SegmentationClass" / "2007_000032.png", [0, 1, 255], palette)
    color_mask(year / "SegmentationClass" / "2007_000039.png", [(0, 0, 0), (128, 0, 0), (224, 224, 192)])
    lists = year / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for split, names in (
        ("train", "2007_000032\n"),
        ("val", "2007_000039\n"),
        ("trainval", "2007_000032\n2007_000039\n"),
    ):
        (lists / f"{split}.txt").write_text(names)


def sun_rgbd(root: Path) -> None:
    for split in ("train", "test"):
        photo(root / "image" / split / "img-000001.jpg")
        index_mask(root / "label37" / split / "img37labels-000001.png", [0, 1, 37])


def sun_rgbd_in_one_folder(root: Path) -> None:
    for split, index in (("train", 5051), ("test", 1)):
        photo(root / f"SUNRGBD-{split}_images" / "img-000001.jpg")
        index_mask(root / "sunrgbd_train_test_labels" / f"img-{index:06d}.png", [0, 1, 37])


def ade20k(root: Path) -> None:
    for split, name in (("training", "ADE_train_00000001"), ("validation", "ADE_val_00000001")):
        photo(root / "images" / split / f"{name}.jpg")
        index_mask(root / "annotations" / split / f"{name}.png", [0, 1, 150])


def coco_panoptic(root: Path) -> None:
    categories = [{"id": 200, "name": "rug", "color": [1, 2, 3]}, {"id": 1, "name": "person", "color": [220, 20, 60]}]
    for split in ("train2017", "val2017"):
        photo(root / split / "000000000009.jpg")
        color_mask(root / "annotations" / f"panoptic_{split}" / "000000000009.png", [(0, 0, 0), (7, 1, 0), (8, 0, 0)])
        segments = [{"id": 263, "category_id": 200}, {"id": 8, "category_id": 1}]
        entry = {"file_name": "000000000009.png", "image_id": 9, "segments_info": segments}
        text = json.dumps({"categories": categories, "annotations": [entry]})
        (root / "annotations" / f"panoptic_{split}.json").write_text(text)


def coco_stuff(root: Path) -> None:
    for split in ("train2017", "val2017"):
        photo(root / "images" / split / "000000000009.jpg")
        index_mask(root / "stuffthingmaps" / split / "000000000009.png", [0, 181, 255])


CASES: list[tuple[str, Callable[[Path], None], list[str], int, dict[str, list[int]]]] = [
    # format, folder, splits, classes, names in the labels of the first mask's columns
    ("camvid", camvid, ["train", "val"], 11, {"labels": [0, 10, 11]}),
    ("camvid-original", camvid_original, ["train", "val", "test", "rest"], 11, {"labels": [1, 8, 11]}),
    ("cityscapes", cityscapes, ["train", "val"], 19, {"labels": [0, 18, 255]}),
    ("voc", voc, ["train", "trainval", "val"], 21, {"labels": [0, 1, 255]}),
    ("sun-rgbd", sun_rgbd, ["test", "train"], 37, {"labels": [0, 36, 255]}),
    ("sun-rgbd", sun_rgbd_in_one_folder, ["train", "test"], 37, {"labels": [0, 36, 255]}),
    ("ade20k", ade20k, ["train", "val"], 150, {"labels": [0, 149, 255]}),
    ("coco-panoptic", coco_panoptic, ["train2017", "val2017"], 2, {"labels": [0, 1, 255]}),
    ("coco-stuff", coco_stuff, ["train2017", "val2017"], 182, {"labels": [0, 181, 255]}),
]


@pytest.mark.parametrize(("name", "build", "splits", "classes", "expected"), CASES)
def test_each_published_layout_is_recognised(
    tmp_path: Path,
    name: str,
    build: Callable[[Path], None],
    splits: list[str],
    classes: int,
    expected: dict[str, list[int]],
) -> None:
    build(tmp_path)
    found, layout = open_layout(tmp_path)
    assert (found, list(layout.splits)) == (name, splits)
    assert layout.classes is not None
    assert len(layout.classes) == classes
    assert layout.without_mask == layout.without_image == []
    for pair in layout.pairs:
        labels, unknown, _ = layout.coding.decode(pair)
        assert (np.unique(labels).tolist(), unknown) == (expected["labels"], {})
    # The same through a config, as training reads it.
    data = DataConfig.model_validate({"name": "folder", "root": str(tmp_path), "format": name})
    dataset = load_split(data, splits[0])
    assert np.unique(dataset[0].mask).tolist() == expected["labels"]
    assert len(load_split(data, "all")) == len(layout.pairs)


def test_the_config_names_every_format() -> None:
    assert get_args(DataFormat) == tuple(FORMATS)


def test_all_32_classes_of_camvid_and_their_merge(tmp_path: Path) -> None:
    assert len(COLORS) == len(set(COLORS.values())) == 32
    merged = [name for parts in MERGED.values() for name in parts]
    assert sorted([*merged, "Void"]) == sorted(COLORS)
    camvid_original(tmp_path)
    _, layout = open_layout(tmp_path, "camvid-original-32")
    assert layout.classes == CAMVID_32
    labels = layout.coding.decode(layout.pairs[0]).labels
    assert [CAMVID_32.names[label] for label in np.unique(labels)[:-1]] == ["SUVPickupTruck", "Wall"]
    # The authors' own lists say which split a frame is of.
    assert [pair.image.stem for pair in layout.splits["train"]] == ["0001TP_006690"]
    assert [pair.image.stem for pair in layout.splits["rest"]] == ["0001TP_000001"]


def test_panoptic_classes_are_the_categories_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    coco_panoptic(tmp_path)
    _, layout = open_layout(tmp_path)
    assert layout.classes is not None
    assert (layout.classes.names, layout.classes.colors[1]) == (("person", "rug"), (1, 2, 3))
    assert layout.coding.decode(layout.pairs[0]).labels[0].tolist() == [255] * 6 + [1] * 6 + [0] * 4


def test_a_list_of_voc_names_an_image_that_is_not_there(tmp_path: Path) -> None:
    voc(tmp_path)
    (tmp_path / "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt").write_text("2007_000039\n2008_000001\n")
    with pytest.raises(UserError, match=r"val.txt: no image with a mask named 2008_000001 \(of 1 missing\)"):
        open_layout(tmp_path)


def test_a_folder_in_no_known_layout(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    with pytest.raises(UserError, match="no images with masks in any layout"):
        open_layout(tmp_path)
    with pytest.raises(UserError, match="is not laid out as voc"):
        open_layout(tmp_path, "voc")
    with pytest.raises(UserError, match="nowhere: no such folder"):
        open_layout(tmp_path / "nowhere")
