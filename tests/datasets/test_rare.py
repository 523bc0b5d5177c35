"""Samples that show a rare class: which classes, which images, where the crop is, and that it repeats."""

from collections import Counter
from pathlib import Path

import albumentations as A
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segnet.config import SamplingConfig
from segnet.config_file import parse_config
from segnet.datasets.augmentation import Augmented, build_augmentation
from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID, ClassSet
from segnet.datasets.paste import augmented_samples
from segnet.datasets.rare import Draw, RareClasses, rare_classes, rare_labels
from segnet.datasets.rare_crops import RandomCrop, around
from segnet.datasets.samples import ImagesAndMasks, Sample
from segnet.datasets.statistics import count_by_image
from segnet.errors import UserError

TABLE = np.array([[90, 10, 0, 0], [80, 0, 20, 0], [100, 0, 0, 0], [60, 30, 10, 0]], np.int32)
"""Pixels of three classes, and no others, in four images."""


def test_rare_are_the_classes_below_the_median_of_those_that_occur() -> None:
    assert rare_labels(TABLE) == [2]  # 330, 40 and 30 pixels
    assert rare_labels(np.array([[5, 2, 9]], np.int32)) == [1]  # of two classes the smaller one; 9 pixels are ignored
    assert rare_labels(np.array([[5, 0, 3, 4, 1]], np.int32)) == [2]  # a class that never occurs is not rare
    assert rare_labels(np.array([[5, 5, 0]], np.int32)) == []


def test_camvids_rare_classes(camvid_root: Path) -> None:
    table = count_by_image(load_camvid(str(camvid_root), "train"))
    names = [CAMVID.names[label] for label in rare_labels(table)]
    assert names == ["Pole", "SignSymbol", "Fence", "Pedestrian", "Bicyclist"]


def test_the_share_and_the_classes_have_their_chances() -> None:
    rare = RareClasses(TABLE, [1, 2], share=0.5, seed=4)
    draws = [rare.draw((epoch, 2)) for epoch in range(800)]
    labels = Counter(draw.label for draw in draws)
    # Four standard deviations: of 800 at 1/2 and at 1/4.
    assert abs(labels[None] - 400) < 57
    assert abs(labels[1] - 200) < 49
    assert abs(labels[2] - 200) < 49
    # Image 2 holds neither; the images that hold the class take its place, evenly.
    assert {draw.image for draw in draws if draw.label is None} == {2}
    taken = Counter(draw for draw in draws if draw.label is not None)
    assert set(taken) == {Draw(0, 1), Draw(3, 1), Draw(1, 2), Draw(3, 2)}
    assert all(abs(count - 100) < 38 for count in taken.values())


def test_an_image_that_holds_the_class_is_kept() -> None:
    rare = RareClasses(TABLE, [1, 2], share=1.0, seed=4)
    assert {rare.draw((epoch, 3)).image for epoch in range(50)} == {3}
    assert {rare.draw((epoch, 0)) for epoch in range(50)} == {Draw(0, 1), Draw(1, 2), Draw(3, 2)}


def test_a_draw_depends_on_seed_epoch_and_index_alone() -> None:
    rare = RareClasses(TABLE, [1, 2], share=0.5, seed=4)
    keys = [(epoch, index) for epoch in range(20) for index in range(4)]
    forward = {key: rare.draw(key) for key in keys}
    backward = {key: RareClasses(TABLE, [1, 2], share=0.5, seed=4).draw(key) for key in reversed(keys)}
    assert forward == backward
    assert forward != {key: RareClasses(TABLE, [1, 2], share=0.5, seed=5).draw(key) for key in keys}


def test_the_box_goes_around_the_pixel_by_hand() -> None:
    assert around((10, 12), (0, 0, 5, 5), (20, 20)) == (10, 8, 15, 13)  # pixel (10, 12) is the third of five both ways
    assert around((0, 19), (3, 3, 9, 7), (20, 20)) == (14, 0, 20, 4)


@given(st.data())
def test_the_box_keeps_its_size_stays_inside_and_holds_the_pixel(data: st.DataObject) -> None:
    size = data.draw(st.tuples(st.integers(1, 50), st.integers(1, 50)))
    height, width = (data.draw(st.integers(1, side)) for side in size)
    y, x = (data.draw(st.integers(0, side - 1)) for side in size)
    left, top, right, bottom = around((y, x), (0, 0, width, height), size)
    assert (right - left, bottom - top) == (width, height)
    assert 0 <= left <= x < right <= size[1]
    assert 0 <= top <= y < bottom <= size[0]
    if height // 2 <= y <= size[0] - (height - height // 2):
        assert y - top == height // 2


class Dots(ImagesAndMasks):
    """Images of 40×50 of label 0 with one pixel of label 1 or 2, in turn; images tell where a pixel was."""

    def __init__(self) -> None:
        self.classes = ClassSet(("a", "b", "c"), ((0, 0, 0),) * 3)

    def __len__(self) -> int:
        return 6

    def mask(self, index: int) -> np.ndarray:
        mask = np.zeros((40, 50), np.uint8)
        mask[3 + 6 * index, 47 - 8 * index] = 1 + index % 2
        return mask

    def __getitem__(self, index: int) -> Sample:
        y, x = np.indices((40, 50), np.uint8)
        return Sample(np.stack([y, x, np.full_like(x, index)], 2), self.mask(index), str(index))


@pytest.mark.parametrize(
    "transforms",
    [
        [{"RandomCrop": {"height": 5, "width": 7}}],
        [{"RandomSizedCrop": {"min_max_height": [5, 5], "size": [5, 7], "w2h_ratio": 1.4}}],
        [{"OneOf": {"transforms": [{"RandomCrop": {"height": 5, "width": 7}}], "p": 1}}],
        [{"HorizontalFlip": {}}, {"RandomCrop": {"height": 5, "width": 7}}],
    ],
)
def test_the_crop_is_centred_on_the_class(transforms: list[dict[str, dict[str, object]]]) -> None:
    dots = Dots()
    rare = RareClasses(count_by_image(dots), [1, 2], share=1.0, seed=0)
    data = Augmented(dots, build_augmentation(transforms, 255), 0, rare)
    for index in range(1, 5):  # the others' dots are too near an edge to be in the middle
        for epoch in range(3):
            sample = data[epoch, index]
            if sample["index"] in range(1, 5):
                assert sample["mask"][2, 3] == rare.draw((epoch, index)).label
                assert sample["image"][2, 2, 3] == sample["index"]


def test_the_crop_is_centred_in_the_padding_too() -> None:
    dots = Dots()
    crop = {"RandomCrop": {"height": 61, "width": 9, "pad_if_needed": True, "pad_position": "random"}}
    rare = RareClasses(count_by_image(dots), [1], share=1.0, seed=0)
    data = Augmented(dots, build_augmentation([crop], 255), 0, rare)
    for epoch in range(10):
        sample = data[epoch, 2]
        rows, columns = (sample["mask"] == 1).nonzero(as_tuple=True)
        assert (len(rows), columns.tolist()) == (1, [4])
        assert sample["image"][0, rows[0], 4] == 15  # the dot's row in its image


def test_without_a_class_in_the_mask_the_crop_is_albumentations_own() -> None:
    y, x = np.indices((40, 50), np.uint8)
    image, mask = np.stack([y, x, x], 2), np.zeros((40, 50), np.uint8)
    for label in (None, 3):
        ours, theirs = A.Compose([RandomCrop(8, 9)], seed=3), A.Compose([A.RandomCrop(8, 9)], seed=3)
        for _ in range(5):
            expected = theirs(image=image, mask=mask)["image"]
            np.testing.assert_array_equal(ours(image=image, mask=mask, rare=label)["image"], expected)


def test_a_config_without_sampling_draws_as_before(tiny_camvid: Path) -> None:
    split = load_camvid(str(tiny_camvid), "train")
    crop = {"RandomCrop": {"height": 16, "width": 16}}
    tree = {"model": {"name": "segnet_lite"}, "training": {"epochs": 1}, "augmentation": [crop]}
    data = augmented_samples(parse_config(tree, "a test"), split)
    assert isinstance(data, Augmented)
    assert data.rare is None
    data = augmented_samples(parse_config({**tree, "sampling": {"rare": 1.0, "classes": ["Car"]}}, "a test"), split)
    # Anywhere, a crop of 16×16 in 48×64 would miss the square of 20×20 now and then.
    assert all((data[0, index]["mask"] == 8).any() for index in range(len(split)))


def test_mistakes_are_named() -> None:
    dots = Dots()
    table = count_by_image(dots)
    with pytest.raises(UserError, match=r"sampling\.classes\.1: no class 'Cat'; there are a, b, c"):
        rare_classes(SamplingConfig(rare=0.5, classes=["a", "Cat"]), dots.classes, table, 0)
    with pytest.raises(UserError, match=r"sampling\.rare: no training image holds a rare class"):
        rare_classes(SamplingConfig(rare=0.5, classes=["c"]), dots.classes, table[::2], 0)
    with pytest.raises(UserError, match=r"sampling\.rare centres crops, but augmentation has none; add one of RandomC"):
        Augmented(
            dots, build_augmentation([{"CenterCrop": {"height": 4, "width": 4}}], 255), 0, RareClasses(table, [1], 1, 0)
        )
