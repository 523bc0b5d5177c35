"""Augmentation from a config: its randomness, its masks, and what it refuses."""

import inspect
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from segnet.datasets.augmentation import TRANSFORMS, Augmented, build_augmentation
from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID
from segnet.datasets.samples import ImagesAndMasks, Sample
from segnet.datasets.sampling import EpochBatches
from segnet.errors import UserError

PIPELINE: list[dict[str, dict[str, Any]]] = [
    {"RandomScale": {"scale_limit": [-0.4, 0.6], "p": 1}},
    {"RandomCrop": {"height": 40, "width": 56, "pad_if_needed": True, "pad_position": "random"}},
    {"HorizontalFlip": {"p": 0.5}},
    {"ColorJitter": {"p": 0.8}},
    {"GaussNoise": {"p": 0.5}},
    {"CoarseDropout": {"p": 0.5}},
]


@pytest.fixture
def dataset(tiny_camvid: Path) -> ImagesAndMasks:
    return load_camvid(str(tiny_camvid), "train", cache=True)


def epoch_of(dataset: ImagesAndMasks, workers: int, epoch: int = 1, seed: int = 3) -> dict[int, tuple[bytes, bytes]]:
    data = Augmented(dataset, build_augmentation(PIPELINE, 11), seed)
    batches = EpochBatches(len(data), 3, seed)
    loader: DataLoader[Any] = DataLoader(data, batch_sampler=batches, num_workers=workers)
    batches.start_at(epoch)
    return {
        int(index): (image.numpy().tobytes(), mask.numpy().tobytes())
        for batch in loader
        for index, image, mask in zip(batch["index"], batch["image"], batch["mask"], strict=True)
    }


def test_the_number_of_workers_changes_nothing(dataset: ImagesAndMasks) -> None:
    alone = epoch_of(dataset, 0)
    assert len(alone) == len(dataset)
    assert epoch_of(dataset, 1) == alone
    assert epoch_of(dataset, 2) == alone


def test_a_sample_depends_on_seed_epoch_and_index_alone(dataset: ImagesAndMasks) -> None:
    data = Augmented(dataset, build_augmentation(PIPELINE, 11), seed=3)
    first = data[(1, 4)]["image"]
    np.random.seed(0)
    _ = [data[(0, index)] for index in range(5)]  # other draws in between
    torch.testing.assert_close(data[(1, 4)]["image"], first, rtol=0, atol=0)
    assert not torch.equal(data[(2, 4)]["image"], first)
    other_seed = Augmented(dataset, build_augmentation(PIPELINE, 11), seed=4)
    assert not torch.equal(other_seed[(1, 4)]["image"], first)


def test_without_transforms_a_sample_is_as_on_disk(dataset: ImagesAndMasks) -> None:
    sample = Augmented(dataset, build_augmentation([], 11), 0)[(0, 2)]
    np.testing.assert_array_equal(sample["image"].permute(1, 2, 0).numpy(), dataset[2].image)
    np.testing.assert_array_equal(sample["mask"].numpy(), dataset[2].mask)
    assert (sample["image"].dtype, sample["mask"].dtype, sample["index"]) == (torch.uint8, torch.uint8, 2)


def test_image_and_mask_are_flipped_together(dataset: ImagesAndMasks) -> None:
    sample = Augmented(dataset, build_augmentation([{"HorizontalFlip": {"p": 1}}], 11), 0)[(0, 2)]
    np.testing.assert_array_equal(sample["image"].permute(1, 2, 0).numpy(), dataset[2].image[:, ::-1])
    np.testing.assert_array_equal(sample["mask"].numpy(), dataset[2].mask[:, ::-1])


def test_transforms_draw_independently_of_each_other() -> None:
    """One stream for all: with a seed for each, two flips would happen together or not at all."""

    class Corner(ImagesAndMasks):
        def __init__(self) -> None:
            self.classes = CAMVID

        def __len__(self) -> int:
            return 400

        def __getitem__(self, index: int) -> Sample:
            mask = np.array([[1, 0], [0, 0]], np.uint8)
            return Sample(np.zeros((2, 2, 3), np.uint8), mask, "corner")

    flips: list[dict[str, dict[str, Any]]] = [
        {"HorizontalFlip": {"p": 0.5}},
        {"OneOf": {"p": 0.5, "transforms": [{"VerticalFlip": {"p": 1}}]}},
    ]
    data = Augmented(Corner(), build_augmentation(flips, 11), seed=1)
    corners = Counter(int(data[0, index]["mask"].argmax()) for index in range(len(data)))
    # Each of the four with a quarter of 400, within four standard deviations (8.7) of the binomial.
    assert sorted(corners) == [0, 1, 2, 3]
    assert all(abs(count - 100) < 35 for count in corners.values())


NEEDED: dict[str, dict[str, Any]] = {
    "CenterCrop": {"height": 40, "width": 50},
    "Crop": {"x_max": 40, "y_max": 40},
    "CropAndPad": {"px": 9},
    "CropNonEmptyMaskIfExists": {"height": 40, "width": 50},
    "LongestMaxSize": {"max_size": 77},
    "PadIfNeeded": {"min_height": 70, "min_width": 90},
    "Pad": {"padding": 7},
    "RandomCrop": {"height": 40, "width": 90, "pad_if_needed": True},
    "RandomResizedCrop": {"size": [40, 50]},
    "RandomSizedCrop": {"min_max_height": [20, 40], "size": [41, 53]},
    "Resize": {"height": 37, "width": 53},
    "SmallestMaxSize": {"max_size": 77},
}
OTHERS = ["Affine", "D4", "ElasticTransform", "GridDistortion", "GridDropout", "OpticalDistortion", "Perspective"]
OTHERS += ["PiecewiseAffine", "RandomGridShuffle", "RandomRotate90", "RandomScale", "Rotate", "SafeRotate"]
OTHERS += ["ShiftScaleRotate", "ThinPlateSpline", "Transpose", "XYMasking"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", [*NEEDED, *OTHERS])
def test_masks_are_never_mixed_and_their_fill_is_ignored(name: str) -> None:
    """Labels 2 and 9 in stripes: any average of two of them, or a fill of 0, would show."""
    mask = np.where(np.arange(64) // 3 % 2, 2, 9).astype(np.uint8)[None].repeat(48, 0)
    image = np.full((48, 64, 3), 100, np.uint8)
    arguments = NEEDED.get(name, {}) | {"p": 1}
    if "mask_interpolation" in inspect.signature(TRANSFORMS[name]).parameters:
        arguments["mask_interpolation"] = cv2.INTER_LINEAR  # the pipeline overrules it
    pipeline = build_augmentation([{name: arguments}], ignore_index=77)
    for seed in range(4):
        pipeline.set_random_seed(seed)
        result = pipeline(image=image, mask=mask)
        assert set(np.unique(result["mask"])) <= {2, 9, 77}
        assert result["mask"].shape == result["image"].shape[:2]


def test_padding_is_ignored_in_the_mask_by_hand() -> None:
    pipeline = build_augmentation([{"PadIfNeeded": {"min_height": 2, "min_width": 4}}], ignore_index=77)
    mask = pipeline(image=np.zeros((2, 2, 3), np.uint8), mask=np.ones((2, 2), np.uint8))["mask"]
    assert mask.tolist() == [[77, 1, 1, 77]] * 2


def test_a_dropout_leaves_the_mask_unless_it_is_asked_to() -> None:
    # A hole is a tenth of a side at least, so that on these sides every hole has pixels.
    image, mask = np.full((40, 40, 3), 9, np.uint8), np.ones((40, 40), np.uint8)
    kept = build_augmentation([{"CoarseDropout": {"p": 1}}], 77)(image=image, mask=mask)
    assert (kept["image"] == 0).any()
    assert (kept["mask"] == 1).all()
    filled = build_augmentation([{"CoarseDropout": {"p": 1, "fill_mask": 77}}], 77)(image=image, mask=mask)
    np.testing.assert_array_equal(filled["mask"] == 77, (filled["image"] == 0).all(-1))


def outcomes(transforms: list[dict[str, dict[str, Any]]]) -> Counter[tuple[int, ...]]:
    """How often the mask [[1, 2], [3, 4]] becomes what, in 400 draws."""
    pipeline = build_augmentation(transforms, 11)
    seen: Counter[tuple[int, ...]] = Counter()
    for seed in range(400):
        pipeline.set_random_state(np.random.default_rng(seed), random.Random(seed))
        result = pipeline(image=np.zeros((2, 2, 3), np.uint8), mask=np.array([[1, 2], [3, 4]], np.uint8))
        seen[tuple(result["mask"].ravel().tolist())] += 1
    return seen


AS_IT_IS, ACROSS, UPSIDE_DOWN, TURNED = (1, 2, 3, 4), (2, 1, 4, 3), (3, 4, 1, 2), (4, 3, 2, 1)


def test_one_of_applies_one_of_its_transforms_weighted_by_their_p() -> None:
    flips = [{"HorizontalFlip": {"p": 0.9}}, {"VerticalFlip": {"p": 0.3}}]
    seen = outcomes([{"OneOf": {"transforms": flips, "p": 1}}])
    assert set(seen) == {ACROSS, UPSIDE_DOWN}
    assert abs(seen[ACROSS] - 300) < 35  # three quarters of 400, four standard deviations of the binomial


def test_some_of_and_sequential_hold_groups_too() -> None:
    turn = {"Sequential": {"transforms": [{"HorizontalFlip": {"p": 1}}, {"VerticalFlip": {"p": 1}}], "p": 1}}
    assert set(outcomes([turn])) == {TURNED}
    assert set(outcomes([turn, turn])) == {AS_IT_IS}
    both = {"SomeOf": {"transforms": [turn, {"HorizontalFlip": {"p": 1}}], "n": 2, "p": 1}}
    assert set(outcomes([both])) == {UPSIDE_DOWN}
    one = {"SomeOf": {"transforms": [turn, {"HorizontalFlip": {"p": 1}}], "n": 1, "p": 1}}
    assert set(outcomes([one])) == {TURNED, ACROSS}


def test_masks_are_never_mixed_within_groups() -> None:
    mask = np.where(np.arange(64) // 3 % 2, 2, 9).astype(np.uint8)[None].repeat(48, 0)
    rotate = {"Rotate": {"p": 1, "mask_interpolation": cv2.INTER_LINEAR}}
    pipeline = build_augmentation([{"OneOf": {"transforms": [{"Sequential": {"transforms": [rotate], "p": 1}}]}}], 77)
    seen: set[int] = set()
    for seed in range(8):
        pipeline.set_random_seed(seed)
        seen |= set(np.unique(pipeline(image=np.zeros((48, 64, 3), np.uint8), mask=mask)["mask"]).tolist())
    assert seen <= {2, 9, 77}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        (
            [{"OneOf": {"transforms": [{"Blur": {}}, {"RandomCrp": {}}]}}],
            "augmentation.0.OneOf.transforms.1: no transform 'RandomCrp' for images with masks; did you mean RandomC",
        ),
        ([{"OneOff": {}}], "augmentation.0: no transform 'OneOff' for images with masks; did you mean OneOf?"),
        ([{"OneOf": {}}], "augmentation.0.OneOf.transforms: nothing to apply; name at least one transform whose p is"),
        ([{"OneOf": {"transforms": [{"Blur": {"p": 0}}]}}], "augmentation.0.OneOf.transforms: nothing to apply"),
        ([{"OneOf": {"transforms": {"Blur": {}}}}], "augmentation.0.OneOf.transforms: expected a list of transforms"),
        (
            [{"OneOf": {"transforms": ["Blur"]}}],
            "augmentation.0.OneOf.transforms.0: expected one transform for each entry",
        ),
        (
            [{"OneOf": {"transforms": [{"Blur": None}]}}],
            "augmentation.0.OneOf.transforms.0.Blur: expected the transform's arguments, {} for none, found None",
        ),
        ([{"OneOf": {"transforms": [{"Blur": {}}], "p": 2}}], "augmentation.0.OneOf.p: found 2; expected a number fr"),
        (
            [{"OneOf": {"transform": []}}],
            "augmentation.0.OneOf: unknown argument 'transform'; did you mean transf",
        ),
        ([{"SomeOf": {"transforms": [{"Blur": {}}], "n": 2}}], "augmentation.0.SomeOf.n: found 2; expected 1 to 1, as"),
        ([{"RandomCrp": {}}], "augmentation.0: no transform 'RandomCrp' for images with masks; did you mean Rand"),
        (
            [{"HorizontalFlip": {}}, {"RandomCrop": {"hight": 3}}],
            "augmentation.1.RandomCrop: unknown argument 'hight'; did you mean height?",
        ),
        ([{"HorizontalFlip": {"q": 1}}], "augmentation.0.HorizontalFlip: unknown argument 'q'; it has p"),
        ([{"RandomCrop": {"height": 3}}], "augmentation.0.RandomCrop: width is not given"),
        (
            [{"RandomCrop": {"height": -3, "width": 4}}],
            "augmentation.0.RandomCrop: height = -3: Input should be greater than or equal to 1",
        ),
        ([{"PadIfNeeded": {"min_height": None}}], "augmentation.0.PadIfNeeded: Value error, Only one of"),
        ([{"RandomScale": {"area_for_downscale": "image_mask"}}], "augmentation.0.RandomScale: area_for_downscale"),
        ([{"HorizontalFlip": {}, "Blur": {}}], "augmentation.0: expected one transform for each entry, found Horizont"),
        ([{"GridElasticDeform": {}}], "augmentation.0: no transform 'GridElasticDeform' for images with masks"),
        ([{}], "augmentation.0: expected one transform for each entry, found none"),
    ],
)
def test_mistakes_are_named_with_their_config_key(transforms: list[dict[str, dict[str, Any]]], message: str) -> None:
    with pytest.raises(UserError) as error:
        build_augmentation(transforms, 11)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        ({"RandomCrop": {"height": 99, "width": 9}}, "augmentation of .*png: .*99.*"),
        ({"Normalize": {}}, "augmentation gives images .* of float32; images stay"),
    ],
)
def test_a_transform_that_does_not_fit_the_images_is_named(
    dataset: ImagesAndMasks, transform: dict[str, dict[str, Any]], message: str
) -> None:
    data = Augmented(dataset, build_augmentation([transform], 11), 0)
    with pytest.raises(UserError, match=message):
        data[(0, 0)]


def test_a_mistake_found_by_a_worker_is_one_line_too(dataset: ImagesAndMasks) -> None:
    data = Augmented(dataset, build_augmentation([{"Normalize": {}}], 11), 0)
    loader: DataLoader[Any] = DataLoader(data, batch_sampler=EpochBatches(len(data), 3, 0), num_workers=1)
    with pytest.raises(UserError) as error:
        list(loader)
    assert str(error.value).startswith("augmentation gives images")
    assert "\n" not in str(error.value)


def test_albumentations_asks_no_server_for_a_newer_version() -> None:
    script = (
        "import socket, urllib.request\n"
        "def refuse(*a, **k): raise SystemExit('went to the network')\n"
        "socket.socket.connect = urllib.request.urlopen = refuse\n"
        "import segnet.datasets.augmentation"
    )
    done = subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
