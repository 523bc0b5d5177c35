"""Pasting classes of one training image into another: what is copied, how often, and that it repeats."""

from pathlib import Path

import numpy as np
import pytest
import torch

from segnet.config import PasteConfig
from segnet.config_file import parse_config
from segnet.datasets.augmentation import Augmented, build_augmentation
from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID, labels_named
from segnet.datasets.paste import Pasted, augmented_samples
from segnet.datasets.samples import ImagesAndMasks, Sample
from segnet.errors import UserError


class Flat(ImagesAndMasks):
    """Image ``i`` is of the value ``i`` throughout; its classes are two vertical stripes a label, of ``labels[i]``."""

    def __init__(self, labels: list[list[int]], height: int = 8) -> None:
        self.labels, self.height, self.classes = labels, height, CAMVID

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        mask = np.repeat(np.array(self.labels[index], np.uint8), 2)[None].repeat(self.height, 0)
        return Sample(np.full((*mask.shape, 3), index, np.uint8), mask, str(index))


def pasted(labels: list[list[int]], p: float = 1.0, copied: list[int] | None = None) -> Pasted:
    return Pasted(Augmented(Flat(labels), build_augmentation([], 11), seed=3), p, copied)


def test_chosen_labels_cover_the_other_image_where_they_were() -> None:
    data = pasted([[0, 0, 1, 1], [2, 3, 2, 3]], copied=[2])
    seen = {}
    for epoch in range(8):
        sample = data[epoch, 0]
        seen[tuple(sample["mask"][0].tolist())] = sample["image"][0, 0].tolist()
    # Its partner is itself, which has no label 2, or the other image, whose label 2 comes with its pixels.
    assert seen == {(0, 0, 0, 0, 1, 1, 1, 1): [0] * 8, (2, 2, 0, 0, 2, 2, 1, 1): [1, 1, 0, 0, 1, 1, 0, 0]}


@pytest.mark.parametrize(
    ("there", "copied"), [([0, 1, 2, 3], 2), ([0, 1, 2, 2], 2), ([5, 5, 5, 5], 1), ([4, 4, 11, 11], 1)]
)
def test_half_of_the_labels_there_are_copied_and_never_the_ignored_one(there: list[int], copied: int) -> None:
    data = pasted([[9, 9, 9, 9], there])
    taken = set()
    for epoch in range(40):
        sample = data[epoch, 0]
        labels = set(sample["mask"].unique().tolist()) - {9}
        assert (sample["image"][0] == (sample["mask"] != 9)).all()
        assert len(labels) in (0, copied)
        taken |= labels
    assert taken == set(there) - {11}


def test_the_share_is_p() -> None:
    data = pasted([[0], *([[1]] * 200)], p=0.25, copied=[1])
    changed = sum(bool(data[epoch, 0]["image"].any()) for epoch in range(800))
    assert 200 - 4 * 12.3 < changed < 200 + 4 * 12.3  # a quarter of 800, four standard deviations of the binomial


def test_a_sample_depends_on_seed_epoch_and_index_alone(tiny_camvid: Path) -> None:
    split = load_camvid(str(tiny_camvid), "train", cache=True)
    pipeline = build_augmentation([{"RandomCrop": {"height": 32, "width": 32}}, {"ColorJitter": {"p": 1}}], 11)
    data = Pasted(Augmented(split, pipeline, seed=5), 1.0)
    first = data[2, 3]
    _ = [data[0, index] for index in range(5)]  # other draws in between
    again, other = data[2, 3], data[3, 3]
    assert first["index"] == 3
    assert torch.equal(first["image"], again["image"])
    assert torch.equal(first["mask"], again["mask"])
    assert not torch.equal(first["image"], other["image"])


def test_a_config_without_paste_is_augmentation_alone(tiny_camvid: Path) -> None:
    split = load_camvid(str(tiny_camvid), "train")
    config = parse_config({"model": {"name": "segnet_lite"}, "training": {"epochs": 1}}, "a test")
    assert isinstance(augmented_samples(config, split), Augmented)
    config = config.model_copy(update={"paste": PasteConfig(p=0.3, classes=["Car", "Pole"])})
    data = augmented_samples(config, split)
    assert isinstance(data, Pasted)
    assert (data.p, data.labels.tolist() if data.labels is not None else None) == (0.3, [8, 2])


def test_images_of_two_sizes_are_named() -> None:
    class Growing(Flat):
        def __getitem__(self, index: int) -> Sample:
            self.height = 8 + index
            return super().__getitem__(index)

    data = Pasted(Augmented(Growing([[0], [1]]), build_augmentation([], 11), seed=0), 1.0)
    with pytest.raises(UserError, match=r"paste: images of the sizes \(8, 2\) and \(9, 2\) cannot be pasted"):
        _ = [data[epoch, 0] for epoch in range(8)]


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(UserError, match=r"paste\.classes\.1: no class 'Cat'; did you mean Car\? there are Sky"):
        labels_named(["Car", "Cat"], CAMVID, "paste.classes")
