"""Images without masks: the digits of every machine, patches of frames, and MNIST where it can be had."""

from pathlib import Path

import numpy as np
import pytest

from segnet.config import DataConfig
from segnet.datasets.image_files import read_image
from segnet.datasets.small_images.load import load_images
from segnet.datasets.small_images.patches import PATCHES_PER_FRAME
from segnet.errors import UserError


def test_digits_have_mnists_shape_and_the_same_classes_in_both_splits() -> None:
    train, val = (load_images(DataConfig(name="digits"), split) for split in ("train", "val"))
    assert train.pixels.shape == (1437, 1, 28, 28)
    assert val.pixels.shape == (360, 1, 28, 28)
    assert train.pixels.dtype == np.uint8
    assert val.shape == (1, 28, 28)
    assert train.labels is not None
    assert val.labels is not None
    np.testing.assert_allclose(np.bincount(train.labels) / 1437, np.bincount(val.labels) / 360, atol=0.003)
    # Enlarged and sharpened: mostly black and white, as MNIST is.
    assert ((train.pixels == 0) | (train.pixels == 255)).mean() > 0.5


def test_no_digit_is_in_both_splits() -> None:
    train, val = (load_images(DataConfig(name="digits"), split).pixels for split in ("train", "val"))
    assert not {image.tobytes() for image in train} & {image.tobytes() for image in val}


def test_patches_are_parts_of_their_frame(tiny_camvid: Path) -> None:
    data = DataConfig(name="patches", root=str(tiny_camvid), patch_size=16, patch_color=True)
    images = load_images(data, "val")
    assert images.pixels.shape == (4 * PATCHES_PER_FRAME, 3, 16, 16)
    assert images.labels is None
    frame = read_image(sorted((tiny_camvid / "val").iterdir())[0])
    windows = np.lib.stride_tricks.sliding_window_view(frame, (16, 16), (0, 1))
    assert (windows == images.pixels[0]).all((2, 3, 4)).any()


def test_grey_patches_have_one_channel_and_are_the_same_each_time(tiny_camvid: Path) -> None:
    data = DataConfig(name="patches", root=str(tiny_camvid), patch_size=48)
    images = load_images(data, "train")
    assert images.shape == (1, 48, 48)
    np.testing.assert_array_equal(images.pixels, load_images(data, "train").pixels)


def test_a_patch_larger_than_the_frame_is_refused(tiny_camvid: Path) -> None:
    data = DataConfig(name="patches", root=str(tiny_camvid), patch_size=49)
    with pytest.raises(UserError, match=r"the frame is 64×48 pixels; lower data.patch_size, which is 49"):
        load_images(data, "val")


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_an_unknown_split_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="no split 'test'"):
        load_images(DataConfig.model_validate({"name": name}), "test")


def test_fashion_mnist_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torchvision

    def offline(self: object) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz:\n<urlopen error no network>")

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", offline)
    with pytest.raises(UserError, match=r"fashion_mnist cannot be fetched.*no network.*data.name=digits") as caught:
        load_images(DataConfig(name="fashion_mnist", root=str(tmp_path)), "train")
    assert "\n" not in str(caught.value)


def test_a_cut_mnist_file_is_one_line(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{name}-ubyte").write_bytes(np.array([0x803, 5, 28, 28], ">i4").tobytes() + bytes(100))
    with pytest.raises(UserError, match=r"mnist cannot be fetched .* or read there"):
        load_images(DataConfig(name="mnist", root=str(tmp_path)), "train")


def test_fashion_mnist_files_on_disk_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    for prefix in ("train", "t10k"):
        header = np.array([0x803, 5, 28, 28], ">i4").tobytes()
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(np.array([0x801, 5], ">i4").tobytes() + bytes(range(5)))
    images = load_images(DataConfig(name="fashion_mnist", root=str(tmp_path)), "val")
    np.testing.assert_array_equal(images.pixels[:, 0], pixels)
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1, 2, 3, 4]
    assert images.class_names[0] == "T-shirt/top"
