"""Splits of CamVid's layout: folders, published lists, sequences."""

import shutil
from pathlib import Path

import pytest

from segnet.datasets.camvid.load import load_camvid
from segnet.errors import UserError


@pytest.fixture
def root(tiny_camvid: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage: half of train's 10 and val's 4 frames are of sequence 0006R0, half of 0001TP."""
    return Path(shutil.copytree(tiny_camvid, tmp_path / "camvid"))


def names(root: Path, split: str) -> list[str]:
    return [pair.image.stem for pair in load_camvid(str(root), split).pairs]


def test_folders_are_read_in_the_order_of_their_names(root: Path) -> None:
    dataset = load_camvid(str(root), "train")
    assert [pair.image.name for pair in dataset.pairs] == sorted(path.name for path in (root / "train").iterdir())
    assert dataset.pairs[3].mask == root / "trainannot" / dataset.pairs[3].image.name
    assert dataset[3].image.shape == (48, 64, 3)


def test_published_lists_keep_their_order_and_lose_their_prefix(root: Path) -> None:
    listed = ["0006R0_000002", "0001TP_000001"]
    lines = [f"/SegNet/CamVid/train/{name}.png /SegNet/CamVid/trainannot/{name}.png" for name in listed]
    (root / "train.txt").write_text("\n".join(lines) + "\n\n")
    dataset = load_camvid(str(root), "train")
    assert [pair.image.stem for pair in dataset.pairs] == listed
    assert dataset.pairs[0].mask == root / "trainannot/0006R0_000002.png"


def test_splits_are_joined_and_sequences_chosen(root: Path) -> None:
    both = names(root, "train+val")
    assert both == names(root, "train") + names(root, "val")
    only, without = names(root, "train+val@0006R0"), names(root, "train+val-0006R0")
    assert len(only) == len(without) == 7
    assert {name[:6] for name in only} == {"0006R0"}
    assert {name[:6] for name in without} == {"0001TP"}
    assert sorted(only + without) == sorted(both)


def test_the_environment_names_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMVID_ROOT", str(root))
    assert len(load_camvid(None, "val")) == 4


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("tset", "no split 'tset'; there is train, val"),
        ("train-0001R0", "no sequence '0001R0'; there is 0001TP, 0006R0"),
        ("train-0001TP-0006R0", "holds no images"),
        ("train+", "expected one such as"),
        ("", "expected one such as"),
    ],
)
def test_splits_that_cannot_be(root: Path, split: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_camvid(str(root), split)


def test_a_missing_folder_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere: no such folder; set data.root or CAMVID_ROOT"):
        load_camvid(str(tmp_path / "nowhere"), "train")


def test_an_empty_split_is_named(root: Path) -> None:
    shutil.rmtree(root / "val")
    (root / "val").mkdir()
    with pytest.raises(UserError, match="the split 'val' holds no images"):
        load_camvid(str(root), "val")


def test_an_image_without_its_mask_is_named(root: Path) -> None:
    next((root / "valannot").iterdir()).unlink()
    with pytest.raises(UserError, match=r"val/000\w+_00000\d.png: no mask 000"):
        load_camvid(str(root), "val")


def test_a_listed_file_that_is_not_there_is_named(root: Path) -> None:
    (root / "val.txt").write_text("/SegNet/val/0001TP_000001.png /SegNet/valannot/gone.png\n")
    with pytest.raises(UserError, match=r"val.txt, line 1: no such mask for 0001TP_000001.png: .*valannot/gone.png"):
        load_camvid(str(root), "val")
    (root / "val.txt").write_text("/SegNet/val/0001TP_000001.png\n")
    with pytest.raises(UserError, match=r"val.txt, line 1: expected an image and a mask, found 1 path"):
        load_camvid(str(root), "val")


def test_two_images_of_one_name_are_refused(root: Path) -> None:
    image = next((root / "val").iterdir())
    shutil.copy(image, image.with_suffix(".jpg"))
    with pytest.raises(UserError, match="has the same name"):
        load_camvid(str(root), "val")


def test_the_real_camvid_has_its_published_splits(camvid_root: Path) -> None:
    train, val = load_camvid(str(camvid_root), "train"), load_camvid(str(camvid_root), "val")
    assert (len(train), len(val)) == (367, 101)
    assert train[0].image.shape == (360, 480, 3)
    assert train[0].name == "0001TP_006690"
    assert len(load_camvid(str(camvid_root), "train+val-0016E5")) == 163
