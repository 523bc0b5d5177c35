"""One image's prediction: its numbers worked out by hand, its files, and what is no image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.inference.any_image import Names, as_pixels
from segnet.inference.drawing_colors import drawing_colors
from segnet.inference.look import Look
from segnet.inference.prediction import Prediction, predict_each

CLASSES = ClassSet(("Road", "Car"), ((100, 0, 0), (0, 100, 0)))


class Halves:
    """Sees a car, at 0.75, in the right half of any image, and road, at 0.9, in the left one."""

    classes = CLASSES
    passes = 1

    def classes_of(self, images: Any) -> Any:
        return self.probabilities(images).argmax(1).astype(np.uint8)

    def probabilities(self, images: Any) -> Any:
        height, width = images[0].shape[:2]
        car = np.where(np.arange(width) < width // 2, 0.1, 0.75) * np.ones((height, 1))
        return np.stack([1 - car, car])[None].astype(np.float32)


@pytest.fixture
def prediction() -> Prediction:
    image = np.full((4, 8, 3), 200, np.uint8)
    return next(predict_each(Halves(), [image]))  # type: ignore[arg-type]


def test_shares_confidence_and_overlay_are_those_of_the_mask(prediction: Prediction) -> None:
    assert prediction.mask.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]] * 4
    assert prediction.shares == {"Road": 0.5, "Car": 0.5}
    assert prediction.confidence == pytest.approx(np.repeat([[0.9, 0.75]], 4, axis=1).repeat(4, axis=0))
    assert prediction.confidence.dtype == np.float32
    # Half of 200 and half of the class's drawing colour.
    red, green = drawing_colors(prediction.classes)
    assert prediction.overlay[0, 0] == pytest.approx([100 + channel / 2 for channel in red], abs=0.5)
    assert prediction.overlay[0, 7] == pytest.approx([100 + channel / 2 for channel in green], abs=0.5)


def test_files_hold_the_mask_and_the_overlay_with_its_legend(prediction: Prediction, tmp_path: Path) -> None:
    mask, overlay = prediction.save(tmp_path / "new" / "folder")
    assert mask == tmp_path / "new" / "folder" / "image_mask.png"
    assert np.array_equal(np.asarray(Image.open(mask)), prediction.mask)
    saved = np.asarray(Image.open(overlay))
    assert np.array_equal(saved[:4], prediction.overlay)
    assert len(saved) > 4


def test_what_else_is_saved_is_asked_for_by_keyword(tmp_path: Path) -> None:
    image = np.full((4, 8, 3), 200, np.uint8)
    prediction = next(predict_each(Halves(), [image], probabilities=True))  # type: ignore[arg-type]
    paths = prediction.save(tmp_path, confidence=16, probabilities=True, polygons="coco")
    assert [path.name for path in paths] == [
        *("image_mask.png", "image_overlay.png", "image_confidence.png", "image_probabilities.npy", "image_coco.json")
    ]
    confidence = np.asarray(Image.open(paths[2]))
    assert confidence.dtype == np.uint16
    assert confidence[0].tolist() == [round(0.9 * 65535)] * 4 + [round(0.75 * 65535)] * 4
    probabilities = np.load(paths[3])
    assert (probabilities.shape, probabilities.dtype) == ((2, 4, 8), np.float16)
    with pytest.raises(UserError, match="--confidence 12: 8 or 16 bits"):
        prediction.save(tmp_path, confidence=12)


@pytest.mark.parametrize(
    ("look", "shape"),
    [(Look("side", legend=False), (48, 128, 3)), (Look("mask", legend=False), (48, 64, 3))],
)
def test_an_image_is_drawn_as_its_look_says(look: Look, shape: tuple[int, int, int]) -> None:
    image = np.full((48, 64, 3), 200, np.uint8)
    drawn = next(predict_each(Halves(), [image], look)).drawn()  # type: ignore[arg-type]
    assert drawn.shape == shape
    assert drawn[0, 0].tolist() == ([200] * 3 if look.layout == "side" else [100, 0, 0])


def test_classes_and_layouts_that_cannot_be_had_are_refused_before_the_first_image() -> None:
    image = np.zeros((4, 8, 3), np.uint8)
    with pytest.raises(UserError, match="--classes: no class 'Tram'"):
        next(predict_each(Halves(), [image], Look(classes=["Tram"])))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="--layout uncertainty needs --samples"):
        next(predict_each(Halves(), [image], Look("uncertainty")))  # type: ignore[arg-type]


def test_an_opacity_out_of_its_range_is_refused() -> None:
    image = np.zeros((4, 8, 3), np.uint8)
    with pytest.raises(UserError, match=r"--opacity 1\.5: from 0"):
        next(predict_each(Halves(), [image], Look(opacity=1.5)))  # type: ignore[arg-type]


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8), 7])
def test_an_array_that_is_no_rgb_image_is_refused(image: Any) -> None:
    with pytest.raises(UserError, match=r"give \(H, W, 3\) uint8"):
        as_pixels(image)


def test_a_pil_image_is_turned_as_its_camera_says_and_one_of_16_bits_refused() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (37, 53))
    image.info["exif"] = exif.tobytes()
    assert as_pixels(image).shape == (37, 53, 3)
    assert as_pixels(Image.new("L", (2, 3))).shape == (3, 2, 3)
    with pytest.raises(UserError, match="8 bits a channel"):
        as_pixels(Image.new("I;16", (2, 2)))


def test_no_two_images_share_a_name(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("x/a.png", "y/a.png", "x/a.JPG", "z/a.tif", "x/a.png", "z.png")]
    names = Names()
    assert [names.free_for(path) for path in paths] == ["a", "y_a", "a_jpg", "z_a", "a_png", "z"]
    assert names.free_for(tmp_path / "x" / "a.png") == "a_2"
    assert [names.free("image") for _ in range(3)] == ["image", "image_2", "image_3"]
