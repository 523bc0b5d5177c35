"""What a page says in words of how a network was trained."""

from typing import Any

import pytest

from segnet.config import DataConfig
from segnet.config_file import parse_config
from segnet.report.facts import augmentation_text, classes_text

FLIP = [{"HorizontalFlip": {"p": 0.5}}]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "none"),
        ({"augmentation": FLIP}, "HorizontalFlip"),
        ({"augmentation": FLIP, "paste": {"p": 0.4}}, "HorizontalFlip, half of the classes of another image over 40 %"),
        ({"augmentation": FLIP, "sampling": {"rare": 0.5}}, "HorizontalFlip, 50 % of the crops around rare classes"),
        ({"sampling": {"rare": 1, "classes": ["Pole", "Car"]}}, "100 % of the crops around Pole, Car"),
        ({"paste": {"p": 1, "classes": ["Pole", "Car"]}}, "Pole, Car of another image over 100 %"),
    ],
)
def test_augmentation_in_words(settings: dict[str, Any], text: str) -> None:
    config = parse_config({"model": {"name": "segnet"}, "training": {"epochs": 1}, **settings}, "a test")
    assert augmentation_text(config) == text


def test_merged_and_ignored_classes_in_words() -> None:
    data = DataConfig(merge={"vehicle": ["Car", "Truck"], "nature": ["Tree"]}, ignore=["Fence"])
    assert classes_text(data) == "; Car, Truck as vehicle; Tree as nature; Fence ignored"
    assert classes_text(DataConfig()) == ""
