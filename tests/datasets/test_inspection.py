"""What an inspection finds, on folders in which it was put."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.inspection import leaks
from segnet.datasets.inspection.inspection import inspect_folder
from segnet.datasets.inspection.leaks import listed_twice
from segnet.datasets.inspection.look import Look, perceptual_hash
from segnet.datasets.pair import Pair
from segnet.errors import UserError
from tests.datasets.folders import color_mask, index_mask, of_mask, palette_mask, photo

ROTATED = Image.Exif()
ROTATED[0x0112] = 6


def test_counts_sizes_and_normalisation_by_hand(tmp_path: Path) -> None:
    for name, grey in (("a", 10), ("b", 30)):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.new("RGB", (16, 12), (grey, 2 * grey, 100)).save(tmp_path / f"images/{name}.png")
    index_mask(tmp_path / "masks/a.png", [0, 0, 1, 255])
    index_mask(tmp_path / "masks/b.png", [2, 2])
    found = inspect_folder(tmp_path, workers=1)
    assert (found.classes.names, found.classes.ignore_index) == (("class 0", "class 1", "class 2"), 255)
    counts = found.counts("all")
    assert counts.pixels.tolist() == [96, 48, 192]
    assert counts.pixels_where_present.tolist() == [192, 192, 192]
    assert counts.images.tolist() == [1, 1, 1]
    # Frequencies 1/2, 1/4 and 1: their median is 1/2.
    assert found.weights("all")["median_frequency"] == [1, 2, 0.5]
    assert found.sizes == {(12, 16): 2}
    mean, std = found.normalisation("all")
    assert mean.tolist() == [20, 40, 100]
    assert std.tolist() == [10, 20, 1]


def test_oddities_of_a_data_set_are_named(tmp_path: Path) -> None:
    def pair(name: str, suffix: str = "png", seed: int = 0, **options: Any) -> None:
        photo(tmp_path / f"images/{name}.{suffix}", seed=seed, **options)
        index_mask(tmp_path / f"masks/{name}.png", [0, 1, 2])

    for seed, name in enumerate(("good", "broken", "sized", "alone")):
        pair(name, seed=seed)
    pair("rotated", "jpg", seed=5, exif=ROTATED)
    for name, mode in (("grey", "L"), ("alpha", "RGBA"), ("deep", "I;16")):
        pair(name)
        Image.new(mode, (16, 12)).save(tmp_path / f"images/{name}.png")
    (tmp_path / "images/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    index_mask(tmp_path / "masks/sized.png", [0, 1], size=(12, 18))
    index_mask(tmp_path / "masks/alone.png", [1])
    photo(tmp_path / "images/unmasked.png")
    index_mask(tmp_path / "masks/imageless.png", [0])
    (tmp_path / "classes.txt").write_text("ground\nroad\n")
    found = inspect_folder(tmp_path, workers=1)
    named = {kind: sorted(line.split(":")[0].rsplit("/", 2)[-1] for line in lines) for kind, lines in found.odd.items()}
    assert named["unreadable"] == ["broken.png"]
    assert named["other size"] == ["rotated.png", "sized.png"]
    assert named["EXIF-rotated"] == ["rotated.jpg"]
    assert named["more than 8 bits or 3 channels"] == ["deep.png"]
    assert named["alpha"] == ["alpha.png"]
    assert {"alpha.png", "grey.png"} <= set(named["grey"])
    assert named["one class"] == ["alone.png"]
    assert named["no mask"] == ["unmasked.png"]
    assert named["no image"] == ["imageless.png"]
    assert "label 2" in found.unknown
    assert len(named["label out of range"]) == 6
    assert "not turned as the image's EXIF orientation says" in next(
        line for line in found.odd["other size"] if "rotated" in line
    )


def test_equal_and_near_images_in_two_splits(tmp_path: Path) -> None:
    for index in range(6):
        split = "train" if index < 4 else "val"
        photo(tmp_path / f"images/{split}/{index}.png", (96, 128), seed=index)
        index_mask(tmp_path / f"masks/{split}/{index}.png", [0, 1], (96, 128))
    first = Image.open(tmp_path / "images/train/0.png")
    first.save(tmp_path / "images/val/4.png", compress_level=1)
    second = Image.open(tmp_path / "images/train/1.png")
    second.save(tmp_path / "images/val/5.jpg", quality=60)
    (tmp_path / "images/val/5.png").unlink()
    found = inspect_folder(tmp_path, workers=1)
    leaks = [(leak.kind, leak.first.name, leak.second.name, leak.splits) for leak in found.leaks]
    assert leaks == [("equal", "0.png", "4.png", ("train", "val")), ("near", "1.png", "5.jpg", ("train", "val"))]


def test_frames_of_one_split_in_which_something_moved_are_not_the_same_image(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for index in range(2):
            photo(tmp_path / f"images/{split}/{split}{index}.png", (96, 128), seed=3)
            index_mask(tmp_path / f"masks/{split}/{split}{index}.png", [0, 1], (96, 128))
            path = tmp_path / f"images/{split}/{split}{index}.png"
            pixels = np.array(Image.open(path))
            # A thing of a sixteenth of the height comes in: another one in each image.
            column = 8 * (2 * index + (split == "val"))
            pixels[90:, column : column + 8] = 255 - pixels[90:, column : column + 8]
            Image.fromarray(pixels).save(path)
    found = inspect_folder(tmp_path, workers=1)
    assert {leak.splits for leak in found.leaks} == {("train", "val")}


def test_one_class_beside_ignored_pixels_is_warned_about(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.png")
    index_mask(tmp_path / "masks/a.png", [0, 0, 0, 1])
    (tmp_path / "classes.csv").write_text("label,name\n0,road\n1,void\n")
    found = inspect_folder(tmp_path, workers=1)
    assert "every pixel that is not ignored is 'road'" in found.odd["one class is left"][0]


def test_a_perceptual_hash_stays_when_the_image_is_scaled_and_brightened(tmp_path: Path) -> None:
    grey = np.asarray(Image.open(photo(tmp_path / "a.png", (120, 160), seed=3)).convert("L"))
    other = np.asarray(Image.open(photo(tmp_path / "b.png", (120, 160), seed=4)).convert("L"))
    scaled = np.asarray(Image.fromarray(grey).resize((200, 150)))
    brighter = (grey * 0.8 + 30).astype(np.uint8)
    assert (perceptual_hash(grey) ^ perceptual_hash(scaled)).bit_count() <= 2
    assert (perceptual_hash(grey) ^ perceptual_hash(brighter)).bit_count() <= 2
    assert (perceptual_hash(grey) ^ perceptual_hash(other)).bit_count() > 16


def test_splits_that_list_the_same_image() -> None:
    a, b, c = (Path(name) for name in "abc")
    assert listed_twice({"train": [a, b], "val": [b, c], "trainval": [a, b, c]}) == {("train", "val"): 1}


@pytest.mark.parametrize(
    ("values", "names", "ignored"),
    [
        ([0, 255], ("background", "foreground"), 255),
        ([0, 1, 2], ("class 0", "class 1", "class 2"), 255),
        ([0, 2], ("class 0", "class 1 (never seen)", "class 2"), 255),
        ([0, 85, 170], ("class 0", "class 85", "class 170"), 255),
        ([1000, 2000], ("class 1000", "class 2000"), 255),
    ],
)
def test_classes_of_grey_values(tmp_path: Path, values: list[int], names: tuple[str, ...], ignored: int) -> None:
    photo(tmp_path / "images/a.png")
    mask = index_mask(tmp_path / "masks/a.png", values)
    found = inspect_folder(tmp_path, workers=1)
    assert (found.classes.names, found.classes.ignore_index) == (names, ignored)
    assert found.layout.coding.decode(of_mask(mask)).unknown == {}


def test_a_stray_colour_is_read_as_the_nearest_one(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.png", (200, 200))
    path = color_mask(tmp_path / "masks/a.png", [(0, 0, 0), (0, 0, 255)], (200, 200))
    pixels = np.array(Image.open(path))
    pixels[0, 0] = 1, 2, 3
    Image.fromarray(pixels).save(path)
    photo(tmp_path / "images/b.png", (200, 200), seed=1)
    color_mask(tmp_path / "masks/b.png", [(0, 0, 0)], (200, 200))  # greys alone
    found = inspect_folder(tmp_path, workers=1)
    assert (found.classes.names, found.classes.colors) == (("#000000", "#0000ff"), ((0, 0, 0), (0, 0, 255)))
    assert found.unknown == {}
    assert "1 pixels (0.00%) hold values between classes" in " ".join(found.layout.notes)
    assert found.counts().pixels.tolist() == [20_000 + 40_000, 20_000]


def test_a_palettes_colours_are_the_classes_colours(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.png")
    palette_mask(tmp_path / "masks/a.png", [0, 1], [(10, 20, 30), (200, 0, 0)])
    assert inspect_folder(tmp_path, workers=1).classes.colors == ((10, 20, 30), (200, 0, 0))


def test_masks_with_more_values_than_classes_are_refused(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.png", (10, 1200))
    index_mask(tmp_path / "masks/a.png", list(range(300)), (10, 1200))
    with pytest.raises(UserError, match="hold 300 values, more than the 254 classes"):
        inspect_folder(tmp_path, workers=1)


def test_several_processes_see_the_same(tmp_path: Path) -> None:
    for index in range(9):
        photo(tmp_path / f"images/{index}.png", seed=index)
        index_mask(tmp_path / f"masks/{index}.png", [0, index % 3])
    calls = []
    several = inspect_folder(tmp_path, workers=2, progress=lambda done, total: calls.append((done, total)))
    assert several.to_json() == inspect_folder(tmp_path, workers=1).to_json()
    assert calls == [(done, 9) for done in range(1, 10)]


def test_images_that_look_alike_are_found_as_by_comparing_all() -> None:
    random = np.random.default_rng(0)
    base = random.integers(0, 2**64, 40, np.uint64)
    # Families whose members are up to 12 bits from their base, so pairs lie on both sides of the limit.
    flips = np.uint64(1) << random.integers(0, 64, (40, 10, 12), np.uint64)
    used = random.integers(0, 13, (40, 10, 1)) > np.arange(12)
    hashes = (base[:, None] ^ np.bitwise_or.reduce(np.where(used, flips, np.uint64(0)), axis=2)).ravel()
    same = np.zeros((16, 16), np.uint8)
    looks = [
        Look(Pair(Path(f"{index}.png"), Path("mask.png")), perceptual=int(value), thumbnail=same)
        for index, value in enumerate(hashes)
    ]
    alike = np.argwhere(np.bitwise_count(hashes[:, None] ^ hashes[None]) <= leaks.MAX_BITS).tolist()
    expected = [("near", first, second) for first, second in alike if first < second]
    assert 400 < len(expected) < 1500
    assert list(leaks._near(looks)) == expected
