"""Exports of labelling tools, made as the tools write them: what inspection, conversion and training make of them."""

import base64
import io
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segnet.datasets.formats import open_layout
from segnet.errors import UserError
from tests.datasets.strangers import BLACK, RED, SIDE, assert_shares, found_in, pairs, photo, put, stripes

TRIANGLE = [[4, 4], [44, 4], [44, 40]]
DRAWN = 0.35
"""Share of the pixels that OpenCV fills of the triangle, its border included."""


def roboflow(root: Path) -> None:
    for split in ("train", "valid", "test"):
        name = split + "/img{}_jpg.rf.0a1b2c"
        pairs(root, stripes(0, 1, 2), name + ".jpg", name + "_mask.png")
        put(root / split / "_classes.csv", "Pixel Value, Class\n0, background\n1, crack\n2, hole\n")
    put(root / "README.roboflow.txt", "hello\nworld")


def painted(inside: NDArray[np.bool_]) -> str:
    """Pixels as Supervisely writes them."""
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([np.full((*inside.shape, 3), 255, np.uint8), inside.astype(np.uint8) * 255])).save(
        buffer, "png"
    )
    return base64.b64encode(zlib.compress(buffer.getvalue())).decode()


def supervisely(root: Path) -> None:
    classes = [{"title": "road", "color": "#FA3253", "shape": "polygon"}, {"title": "car", "color": "#24B353"}]
    put(root / "meta.json", json.dumps({"classes": classes, "tags": []}))
    hole = [[2, 26], [10, 26], [10, 34], [2, 34]]
    outside = [[0, 24], [48, 24], [48, 48], [0, 48]]
    bitmap = {"data": painted(np.ones((12, 12), bool)), "origin": [0, 0]}
    for number in range(3):
        put(root / f"ds0/img/{number}.jpg", photo(number))
        objects = [
            {"classTitle": "road", "geometryType": "polygon", "points": {"exterior": outside, "interior": [hole]}},
            {"classTitle": "car", "geometryType": "bitmap", "bitmap": bitmap},
            {"classTitle": "car", "geometryType": "line", "points": {"exterior": [[0, 0], [9, 9]], "interior": []}},
        ]
        size = {"height": SIDE, "width": SIDE}
        put(root / f"ds0/ann/{number}.jpg.json", json.dumps({"size": size, "tags": [], "objects": objects}))


def supervisely_masks(root: Path) -> None:
    """The export of masks: a file of colours that does not list what lies behind."""
    put(root / "meta.json", json.dumps({"classes": [{"title": "road", "color": "#FA3253"}], "tags": []}))
    put(root / "obj_class_to_machine_color.json", json.dumps({"road": [1, 1, 1]}))
    pairs(root, np.dstack([stripes(0, 1)] * 3), "ds0/img/{}.jpg", "ds0/masks_machine/{}.png")
    for number in range(3):
        put(root / f"ds0/masks_human/{number}.png", np.array([BLACK, RED], np.uint8)[stripes(0, 1)])


def cvat(root: Path) -> None:
    label = "<label><name>{}</name><color>{}</color></label>"
    labels = label.format("road", "#fa3253") + label.format("car", "#24b353")
    images = ""
    for number in range(2):
        put(root / f"images/f{number}.jpg", photo(number))
        images += (
            f'<image id="{number}" name="f{number}.jpg" width="{SIDE}" height="{SIDE}">'
            '<box label="car" xtl="0" ytl="24" xbr="12" ybr="48" z_order="1"></box>'
            '<polygon label="road" points="4.00,4.00;44.00,4.00;44.00,40.00" z_order="0"></polygon></image>'
        )
    put(
        root / "annotations.xml",
        f"<annotations><meta><task><labels>{labels}</labels></task></meta>{images}</annotations>",
    )


def yolo(root: Path) -> None:
    """``data.yaml`` with ``train/images``, and an image in each split that has no text file."""
    for split in ("train", "valid"):
        for number in range(3):
            put(root / f"{split}/images/{split}{number}.jpg", photo(number))
            if number:
                put(root / f"{split}/labels/{split}{number}.txt", "0 0 0 1 0 1 0.5 0 0.5\n1 0.5 0.75 1 0.5\n")
    put(root / "data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['road', 'car']\n")


def coco_run_lengths(root: Path) -> None:
    """Uncompressed run lengths, column by column, which begin with what is outside."""
    images = [{"id": n + 1, "file_name": f"{n}.jpg", "height": SIDE, "width": SIDE} for n in range(2)]
    coded = {"counts": [0, SIDE * SIDE // 2, SIDE * SIDE // 2], "size": [SIDE, SIDE]}
    shapes = [{"id": n, "image_id": n + 1, "category_id": 1, "iscrowd": 1, "segmentation": coded} for n in range(2)]
    for number in range(2):
        put(root / f"images/{number}.jpg", photo(number))
    document = {"images": images, "annotations": shapes, "categories": [{"id": 1, "name": "road"}]}
    put(root / "annotations/instances_default.json", json.dumps(document))


def labelme(root: Path) -> None:
    shapes = [
        {"label": "road", "points": [[0, 24], [48, 48]], "shape_type": "rectangle"},
        {"label": "ball", "points": [[12, 12], [12, 4]], "shape_type": "circle"},
    ]
    for number in range(3):
        put(root / f"{number}.jpg", photo(number))
        document = {"version": "5.4.1", "shapes": shapes, "imagePath": f"{number}.jpg", "imageData": None}
        put(root / f"{number}.json", json.dumps(document))


TOOLS: dict[str, tuple[Callable[[Path], None], dict[str, int], dict[str, float]]] = {
    "Roboflow": (roboflow, {"train": 3, "val": 3, "test": 3}, dict.fromkeys(("background", "crack", "hole"), 1 / 3)),
    "Supervisely": (
        supervisely,
        {"all": 3},
        {"road": 0.5 - 49 / SIDE**2, "car": 144 / SIDE**2, "background": 0.5 - 95 / SIDE**2},
    ),
    "Supervisely's masks": (supervisely_masks, {"all": 3}, {"background": 0.5, "road": 0.5}),
    "CVAT": (cvat, {"all": 2}, {"road": DRAWN, "car": 0.13, "background": 0.87 - DRAWN}),
    "YOLO": (yolo, {"train": 3, "val": 3}, {"road": 1 / 3, "car": 1 / 3, "background": 1 / 3}),
    "COCO's run lengths": (coco_run_lengths, {"all": 2}, {"road": 0.5, "background": 0.5}),
    "labelme": (labelme, {"all": 3}, {"road": 0.5, "ball": np.pi / 36, "background": 0.5 - np.pi / 36}),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_exports_are_read_as_they_were_drawn(tmp_path: Path, tool: str) -> None:
    write, splits, shares = TOOLS[tool]
    write(tmp_path / "in")
    inspection, found = found_in(tmp_path / "in")
    assert {split: len(members) for split, members in inspection.layout.splits.items()} == splits
    assert_shares(found, shares)


def test_images_without_a_text_file_are_background_said_aloud(tmp_path: Path) -> None:
    yolo(tmp_path)
    _, layout = open_layout(tmp_path)
    assert "2 images have no text file: they are background alone" in " ".join(layout.notes)
    assert layout.without_mask == []


def test_what_a_class_file_does_not_list_is_background_said_aloud(tmp_path: Path) -> None:
    supervisely_masks(tmp_path / "in")
    notes = " ".join(found_in(tmp_path / "in")[0].layout.notes)
    assert "0 is not in obj_class_to_machine_color.json and is taken for background (50.00% of the pixels)" in notes


def test_an_object_of_an_unlisted_class_is_named(tmp_path: Path) -> None:
    supervisely(tmp_path)
    put(tmp_path / "meta.json", json.dumps({"classes": [{"title": "road", "color": "#FA3253"}]}))
    with pytest.raises(UserError, match=r"\.jpg\.json: has an object of 'car', which .*meta\.json does not list"):
        open_layout(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "photos/other.json",
            json.dumps({"shapes": [], "version": "5"}),
            "1 .json beside them that looks like labelme's",
        ),
        (
            "p.json",
            json.dumps([{"id": 1, "annotations": [], "data": {}}]),
            "1 .json that looks like Label Studio's own",
        ),
        ("via.json", json.dumps({"a1": {"filename": "a", "regions": []}}), "looks like the VGG Image Annotator's"),
        ("photos/0.xml", "<annotation><object/></annotation>", "looks like Pascal VOC's boxes"),
        ("photos/0.nef", "raw", "1 raw photo file (*.nef), not read; convert them, as with: magick mogrify"),
    ],
)
def test_a_folder_without_pairs_is_told_in_words(tmp_path: Path, name: str, text: str, said: str) -> None:
    for number in range(3):
        put(tmp_path / f"photos/{number}.jpg", photo(number))
    put(tmp_path / name, text)
    with pytest.raises(UserError, match=re.escape(said)):
        open_layout(tmp_path)
