"""Data sets as strangers bring them, each for a kind: what inspection, conversion and training make of them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from segnet.config import DataConfig
from segnet.datasets.formats import open_layout
from segnet.datasets.inspection.inspection import inspect_folder
from segnet.datasets.load import load_split
from segnet.errors import UserError
from segnet.ready_config import ready_config
from tests.datasets.strangers import (
    BLACK,
    GREEN,
    HALVES,
    RED,
    SIDE,
    Pixels,
    assert_shares,
    disc,
    found_in,
    pairs,
    photo,
    put,
    soft,
    stripes,
    write_grey_png,
)


def bits(count: int) -> Callable[[Path], None]:
    """Grey masks of so many bits a sample, whose values are the samples."""

    def write(root: Path) -> None:
        import cv2

        for number in range(3):
            put(root / f"images/{number}.png", photo(number))
            (root / "masks").mkdir(exist_ok=True)
            if count == 16:
                cv2.imwrite(str(root / f"masks/{number}.png"), stripes(0, 1, 2).astype(np.uint16))
            else:
                write_grey_png(root / f"masks/{number}.png", stripes(0, 1, 2), count)

    return write


def one_bit_and_eight(root: Path) -> None:
    pairs(root, lambda number: Image.fromarray(stripes(0, 255)).convert("1") if number else stripes(0, 255))


def alpha_alone(root: Path) -> None:
    pairs(root, Image.fromarray(np.dstack([np.zeros((SIDE, SIDE, 3), np.uint8), stripes(0, 255)])))


def colors_and_alpha(root: Path) -> None:
    color = np.array([BLACK, BLACK, RED], np.uint8)[stripes(0, 1, 2)]
    pairs(root, Image.fromarray(np.dstack([color, stripes(0, 255, 255)])))


VALUES: dict[str, tuple[Callable[[Path], None], dict[str, float]]] = {
    "four greys of a drawing program": (
        lambda root: pairs(root, stripes(0, 80, 170, 255)),
        dict.fromkeys("0123", 0.25),
    ),
    "three greys": (lambda root: pairs(root, stripes(0, 128, 255)), dict.fromkeys("012", 1 / 3)),
    "2 bits a sample": (bits(2), dict.fromkeys("012", 1 / 3)),
    "4 bits a sample": (bits(4), dict.fromkeys("012", 1 / 3)),
    "16 bits a sample": (bits(16), dict.fromkeys("012", 1 / 3)),
    "one bit beside eight": (one_bit_and_eight, HALVES),
    "three equal channels": (lambda root: pairs(root, np.dstack([stripes(0, 1)] * 3)), HALVES),
    "three equal channels of 0 and 255": (lambda root: pairs(root, np.dstack([stripes(0, 255)] * 3)), HALVES),
    "alpha alone": (alpha_alone, HALVES),
    "colours and alpha": (colors_and_alpha, {"transparent": 1 / 3, "#000000": 1 / 3, "#fa3253": 1 / 3}),
    "soft grey": (lambda root: pairs(root, soft(disc() * 255)), {"?": 0.69, "??": 0.31}),
    "soft colours": (
        lambda root: pairs(root, soft(np.array([BLACK, RED, GREEN], np.uint8)[stripes(0, 1, 2)])),
        dict.fromkeys("012", 1 / 3),
    ),
    "JPEG of two greys": (lambda root: pairs(root, disc() * 255, truth="masks/{}.jpg"), {"?": 0.69, "??": 0.31}),
    "JPEG of three greys": (
        lambda root: pairs(root, stripes(0, 128, 255), truth="masks/{}.jpg"),
        dict.fromkeys("012", 1 / 3),
    ),
}
for value in VALUES.values():
    if set(value[1]) <= set("0123"):
        shares = list(value[1].values())
        value[1].clear()
        value[1].update({"?" * (place + 1): share for place, share in enumerate(shares)})


@pytest.mark.parametrize("kind", VALUES)
def test_values_are_read_as_they_were_meant(tmp_path: Path, kind: str) -> None:
    write, expected = VALUES[kind]
    write(tmp_path / "in")
    assert_shares(found_in(tmp_path / "in")[1], expected)


def test_lossy_masks_of_near_values_are_refused(tmp_path: Path) -> None:
    pairs(tmp_path, stripes(0, 1, 2, 3), truth="masks/{}.jpg")
    with pytest.raises(UserError, match="which of them are classes cannot be told from what JPEG has left"):
        inspect_folder(tmp_path, workers=1)


def test_photos_in_place_of_masks_are_refused(tmp_path: Path) -> None:
    pairs(tmp_path, lambda number: np.asarray(photo(number))[..., 0])
    with pytest.raises(UserError):
        inspect_folder(tmp_path, workers=1)


def bordered() -> Pixels:
    mask = stripes(0, 1, 2)
    mask[:, 15:17] = mask[:, 31:33] = 255
    return mask


@pytest.mark.parametrize(
    ("mask", "classes", "note"),
    [
        (bordered(), 3, "255 is taken for left out (8.33% of the pixels)"),
        (stripes(0, 1, 0, 1, 0, 1, 0, 255), 2, "255 is taken for left out (12.50% of the pixels)"),
        (stripes(0, 1, 255), 3, "255 is taken for a class (33.33% of the pixels)"),
        (stripes(0, 255), 2, ""),
    ],
)
def test_255_is_left_out_only_where_it_is_rare_or_thin(tmp_path: Path, mask: Pixels, classes: int, note: str) -> None:
    pairs(tmp_path / "in", mask)
    inspection, _ = found_in(tmp_path / "in")
    assert len(inspection.classes) == classes
    assert note in " ".join(inspection.layout.notes)


@pytest.mark.parametrize(("ignore", "classes"), [("auto", 3), (255, 3), (None, 4), (0, 3)])
def test_the_user_says_which_value_is_left_out(tmp_path: Path, ignore: int | str | None, classes: int) -> None:
    pairs(tmp_path, bordered())
    inspection = inspect_folder(tmp_path, workers=1, ignore=ignore)  # type: ignore[arg-type]
    seen = [name for name, pixels in zip(inspection.classes.names, inspection.counts().pixels, strict=True) if pixels]
    assert len(seen) == classes


LAYOUTS: dict[str, tuple[list[tuple[str, str]], dict[str, int]]] = {
    "mmsegmentation": (
        [("img_dir/train/{}.jpg", "ann_dir/train/{}.png"), ("img_dir/val/{}.jpg", "ann_dir/val/{}.png")],
        {"train": 3, "val": 3},
    ),
    "splits beside their truth": (
        [("train/{}.jpg", "train_GT/{}.png"), ("val/{}.jpg", "val_GT/{}.png")],
        {"train": 3, "val": 3},
    ),
    "Chinese": ([("图像/道路{}.jpg", "标签/道路{}.png")], {"all": 3}),
    "names that macOS wrote and others": (
        [("bilder/stra\u00dfe u\u0308{}.jpg", "masken/stra\u00dfe \u00fc{}.png")],
        {"all": 3},
    ),
    "Spanish splits": (
        [(f"{split}/imagenes/{{}}.jpg", f"{split}/mascaras/{{}}.png") for split in ("entrenamiento", "validacion")],
        {"train": 3, "val": 3},
    ),
    "scenes two deep": (
        [
            (f"{split}/a/{n}/left/{{}}.png", f"{split}/a/{n}/labels/{{}}.png")
            for split in ("train", "val")
            for n in (1, 2)
        ],
        {"train": 6, "val": 6},
    ),
    "suffixes in capitals": ([("IMAGES/{}.JPG", "MASKS/{}.BMP")], {"all": 3}),
    "German": ([("aufnahmen/bild {}.jpg", "wahrheit/bild {}.png")], {"all": 3}),
    "German, both PNG, side by side": ([("bild{}.png", "wahrheit{}.png")], {"all": 3}),
    "scenes": (
        [(f"train/scene{n}/rgb/{{}}.png", f"train/scene{n}/semantic/{{}}.png") for n in range(2)]
        + [("test/scene9/rgb/{}.png", "test/scene9/semantic/{}.png")],
        {"train": 6, "test": 3},
    ),
    "image and mask in one folder": ([("image{}.png", "mask{}.png")], {"all": 3}),
    "ISIC": (
        [("ISIC_Training_Data/ISIC_00{}.jpg", "ISIC_Training_Part1_GroundTruth/ISIC_00{}_segmentation.png")],
        {"train": 3},
    ),
    "masks in one folder": (
        [("images/train/a{}.png", "masks/a{}.png"), ("images/val/b{}.png", "masks/b{}.png")],
        {"train": 3, "val": 3},
    ),
    "folders named the wrong way round": ([("masks/{}.png", "images/{}.png")], {"all": 3}),
    "data above both": ([("data/images/{}.png", "data/masks/{}.png")], {"all": 3}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pairs_are_found_by_their_names_wherever_they_lie(tmp_path: Path, layout: str) -> None:
    patterns, splits = LAYOUTS[layout]
    for image, truth in patterns:
        pairs(tmp_path / "in", stripes(0, 1), image, truth)
    inspection, shares = found_in(tmp_path / "in")
    assert {split: len(members) for split, members in inspection.layout.splits.items()} == splits
    assert_shares(shares, HALVES)
    assert inspection.layout.without_mask == inspection.layout.without_image == []


def test_colour_copies_and_instances_of_masks_are_left_out_aloud(tmp_path: Path) -> None:
    pairs(tmp_path / "in", stripes(0, 1))
    for number in range(3):
        put(tmp_path / f"in/masks_color/{number}.png", np.array([BLACK, RED], np.uint8)[stripes(0, 1)])
    inspection, shares = found_in(tmp_path / "in")
    assert_shares(shares, HALVES)
    assert "left out: masks_color/*.png, which pairs with the same files" in inspection.layout.notes


def test_patterns_say_which_files_are_which(tmp_path: Path) -> None:
    pairs(tmp_path, stripes(0, 1), "a/{}.png", "b/{}.png")
    pairs(tmp_path, stripes(0, 1, 2), "a/{}.png", "c/{}.png")
    with pytest.raises(UserError, match="say which files are meant with --images PATTERN and --masks PATTERN"):
        inspect_folder(tmp_path, workers=1)
    assert len(inspect_folder(tmp_path, workers=1, masks="b").classes) == 2
    inspection = inspect_folder(tmp_path, workers=1, images="a/*.png", masks="c/**/*.png")
    assert len(inspection.classes) == 3
    data = yaml.safe_load(ready_config(inspection))["data"]
    assert (data["images"], data["masks"]) == ("a/*.png", "c/**/*.png")
    assert load_split(DataConfig.model_validate(data), "all").mask(0).max() == 2
    with pytest.raises(UserError, match="no image file is named by the pattern 'd'"):
        inspect_folder(tmp_path, workers=1, masks="d")


def test_files_without_a_pair_are_counted(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / f"photos/{number}.jpg", photo(number))
    put(tmp_path / "photos/notes.docx", "no")
    with pytest.raises(UserError, match=r"there are 3 \.jpg in photos/, 1 \.docx beside them"):
        open_layout(tmp_path)


COLORED = np.array([BLACK, RED], np.uint8)[stripes(0, 1)]
CLASS_FILES: dict[str, tuple[str, str, object]] = {
    "labelme's class_names.txt": ("class_names.txt", "_background_\nroad\n", stripes(0, 1)),
    "labelme's labels.txt": ("labels.txt", "__ignore__\n_background_\nroad\n", stripes(0, 1)),
    "Roboflow's _classes.csv": ("masks/_classes.csv", "Pixel Value, Class\n0, background\n1, road\n", stripes(0, 1)),
    "CVAT's labelmap.txt": (
        "labelmap.txt",
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\nroad:250,50,83::\n",
        COLORED,
    ),
    "CVAT's label_colors.txt": ("label_colors.txt", "0 0 0 background\n250 50 83 road\n", COLORED),
    "YOLO's data.yaml": ("data.yaml", "names: [background, road]\nnc: 2\n", stripes(0, 1)),
    "YOLO's data.yaml with numbers": ("data.yaml", "names:\n  0: background\n  1: road\n", stripes(0, 1)),
    "Supervisely's meta.json": (
        "meta.json",
        json.dumps({"classes": [{"title": "background", "color": "#000000"}, {"title": "road", "color": "#FA3253"}]}),
        COLORED,
    ),
    "Supervisely's machine colours": (
        "obj_class_to_machine_color.json",
        json.dumps({"background": [0, 0, 0], "road": [7, 7, 7]}),
        np.dstack([stripes(0, 7)] * 3),
    ),
    "Hugging Face's id2label.json": ("id2label.json", json.dumps({"0": "background", "1": "road"}), stripes(0, 1)),
    "a colour as #rrggbb": ("classes.csv", "name,color\nbackground,#000000\nroad,#fa3253\n", COLORED),
    "a JSON file by value": ("classes.json", json.dumps({"0": "background", "1": "road"}), stripes(0, 1)),
    "a JSON file of names": ("classes.json", json.dumps(["background", "road"]), stripes(0, 1)),
    "Darknet's classes.names": ("classes.names", "background\nroad\n", stripes(0, 1)),
    "fastai's codes.txt": ("codes.txt", "background\r\nroad", stripes(0, 1)),
    "values without what lies behind": ("classes.csv", "label,name\n1,road\n", stripes(0, 1)),
    "colours without what lies behind": ("labelmap.txt", "road:250,50,83::\n", COLORED),
    "a table of tabs": ("class_dict.csv", "name\tr\tg\tb\r\nbackground\t0\t0\t0\r\nroad\t250\t50\t83\r\n", COLORED),
    "names for 0 and 255": ("classes.txt", "background\nroad\n", stripes(0, 255)),
    "names for greys in their order": ("classes.txt", "background\nroad\n", stripes(40, 90)),
    "colours for greys": ("class_dict.csv", "name,r,g,b\nroad,255,255,255\nbackground,0,0,0\n", stripes(0, 255)),
    "values in a semicolon's table": ("classes.csv", "id;name\n3;background\n9;road\n", stripes(3, 9)),
}


@pytest.mark.parametrize("kind", CLASS_FILES)
def test_class_files_say_what_values_mean(tmp_path: Path, kind: str) -> None:
    name, text, mask = CLASS_FILES[kind]
    pairs(tmp_path / "in", mask)
    put(tmp_path / "in" / name, text)
    assert_shares(found_in(tmp_path / "in")[1], {"background": 0.5, "road": 0.5}, within=0)


@pytest.mark.parametrize(
    ("image", "truth"),
    [
        ("train/{}.png", "trainannot/{}.png"),
        ("JPEGImages/{}.jpg", "SegmentationClass/{}.png"),
        ("images/training/{}.jpg", "annotations/training/{}.png"),
        ("images/train2017/{}.jpg", "stuffthingmaps/train2017/{}.png"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_benchmarks_folders_do_not_make_its_classes(tmp_path: Path, image: str, truth: str, named: bool) -> None:
    pairs(tmp_path / "in", stripes(0, 1), image, truth)
    if named:
        put(tmp_path / "in/classes.txt", "floor\ntable\n")
    shares = found_in(tmp_path / "in")[1]
    assert_shares(shares, {"floor": 0.5, "table": 0.5} if named else {"class 0": 0.5, "class 1": 0.5}, within=0)


def test_a_files_colours_decide_over_a_palettes_indices(tmp_path: Path) -> None:
    mask = Image.fromarray(1 - stripes(0, 0, 0, 1))
    mask.putpalette([255, 0, 0, 0, 0, 0] + [0] * 762)
    pairs(tmp_path / "in", mask)
    put(tmp_path / "in/class_dict.csv", "name,r,g,b\nbackground,0,0,0\nroad,255,0,0\n")
    assert_shares(found_in(tmp_path / "in")[1], {"background": 0.75, "road": 0.25}, within=0)


def test_soft_masks_go_to_the_values_that_a_file_lists(tmp_path: Path) -> None:
    pairs(tmp_path / "in", soft(np.array([BLACK, RED], np.uint8)[stripes(0, 1)]))
    put(tmp_path / "in/class_dict.csv", "name,r,g,b\nbackground,0,0,0\nroad,250,50,83\n")
    inspection, shares = found_in(tmp_path / "in")
    assert_shares(shares, {"background": 0.5, "road": 0.5})
    assert "each is read as the nearest that it lists" in " ".join(inspection.layout.notes)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfroad 0\r\nroad 1\r\n",
        "road 0\nroad 1\n".encode("utf-16"),
        b"images/road 0.png masks/road 0.png\nimages/road 1.png masks/road 1.png\n",
        b"images/road 0.png\tmasks/road 0.png\nimages/road 1.png\tmasks/road 1.png\n",
        b"image,mask\nimages/road 0.png,masks/road 0.png\nimages/road 1.png,masks/road 1.png\n",
        b"C:\\set\\images\\road 0.png,C:\\set\\masks\\road 0.png\nD:\\images\\road 1.png,D:\\masks\\road 1.png",
    ],
)
def test_lists_of_any_system(tmp_path: Path, content: bytes) -> None:
    pairs(tmp_path / "in", stripes(0, 1), "images/road {}.png", "masks/road {}.png")
    (tmp_path / "in/train.txt").write_bytes(content)
    inspection, _ = found_in(tmp_path / "in")
    assert [pair.image.stem for pair in inspection.layout.splits["train"]] == ["road 0", "road 1"]
    assert "1 pairs are in no list, and left out" in inspection.layout.notes


def test_stray_files_are_left_out_and_named_once(tmp_path: Path) -> None:
    pairs(tmp_path / "in", stripes(0, 1))
    put(tmp_path / "in/images/._0.png", "resource fork")
    put(tmp_path / "in/images/.ipynb_checkpoints/0-checkpoint.png", photo(0))
    put(tmp_path / "in/__MACOSX/images/0.png", photo(0))
    put(tmp_path / "in/images/Thumbs.db", "thumbnails")
    put(tmp_path / "in/images/9.avif", "AVIF")
    inspection, _ = found_in(tmp_path / "in")
    assert inspection.odd.get("no mask") is None
    notes = " ".join(inspection.layout.notes)
    assert "left out, as no part of the data: __MACOSX and 3 more" in notes
    assert "left out: 1 AVIF file (*.avif), not read; convert them" in notes


def test_every_page_of_a_stack_is_an_image(tmp_path: Path) -> None:
    for folder, pages in (("images", [photo(n) for n in range(4)]), ("masks", [Image.fromarray(stripes(0, 255))] * 4)):
        (tmp_path / "in" / folder).mkdir(parents=True)
        pages[0].save(tmp_path / f"in/{folder}/a.tif", save_all=True, append_images=pages[1:])
    inspection, shares = found_in(tmp_path / "in")
    assert len(inspection.looks) == 4
    assert_shares(shares, HALVES)
    converted = sorted(path.name for path in (tmp_path / "in-plain/images/all").iterdir())
    assert converted == ["a_0000.png", "a_0001.png", "a_0002.png", "a_0003.png"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "in-plain/images/all/a_0002.png")), np.asarray(photo(2)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.integers(0, 255), min_size=2, max_size=6, unique=True),
    kind=st.sampled_from(["grey", "three channels", "palette", "colours"]),
    soften=st.booleans(),
)
def test_training_and_conversion_read_what_inspection_counts(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], kind: str, soften: bool
) -> None:
    root = tmp_path_factory.mktemp("set") / "in"
    mask: object = stripes(*values)
    if kind == "three channels":
        mask = np.dstack([stripes(*values)] * 3)
    elif kind == "colours":
        mask = np.dstack([stripes(*values), 255 - stripes(*values), np.full_like(stripes(*values), 7)])
    elif kind == "palette":
        mask = Image.fromarray(stripes(*values))
        mask.putpalette(np.random.default_rng(0).integers(0, 255, 768, dtype=np.uint8).tolist())
    if soften and kind != "palette":
        mask = soft(np.asarray(mask))
    pairs(root, mask, count=2)
    try:
        inspect_folder(root, workers=1)
    except UserError:
        # What cannot be told apart is refused, and only then.
        assert soften
        return
    found_in(root)
