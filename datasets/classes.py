"""The classes of a data set: names, colours and the ignored label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.nearest import did_you_mean


@dataclass(frozen=True)
class ClassSet:
    """The meaning of the values in an index mask.

    Attributes:
        names: a name for each class; class ``i`` has index ``i`` in masks and in the channel axis of logits.
        colors: an RGB triple in 0–255 for each class.
        ignore_index: the mask label that is neither trained on nor measured.
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    ignore_index: int = 255

    def __post_init__(self) -> None:
        if len(self.names) != len(self.colors):
            raise ValueError(f"{len(self.names)} class names, but {len(self.colors)} colours")
        if 0 <= self.ignore_index < len(self.names):
            raise ValueError(f"ignore_index {self.ignore_index} is the class {self.names[self.ignore_index]!r}")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def palette(self) -> NDArray[np.uint8]:
        """Colours of all 256 mask values, ``(256, 3)`` uint8 RGB; values without a class are black."""
        palette = np.zeros((256, 3), np.uint8)
        palette[: len(self)] = self.colors
        return palette


def labels_named(names: Sequence[str], classes: ClassSet, setting: str) -> list[int]:
    """The labels of the classes in a setting.

    Raises:
        UserError: there is no class of that name. The message has the setting.
    """
    for position, name in enumerate(names):
        if name not in classes.names:
            raise UserError(f"{setting}.{position}: no class {name!r}{nearest_name(name, classes.names)}")
    return [classes.names.index(name) for name in names]


def nearest_name(name: str, names: Sequence[str]) -> str:
    """The end of a message about an unknown class: the nearest name, and all names."""
    question = did_you_mean(name, names)
    return f"; {question} there are {', '.join(names)}" if question else f"; there are {', '.join(names)}"


def voc_color(number: int) -> tuple[int, int, int]:
    """Colour ``number`` of the PASCAL VOC colour map: its bits set the highest bits of red, green and blue in turn."""
    channels = [0, 0, 0]
    for bit in range(8):
        channels[bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
    return channels[0], channels[1], channels[2]


CAMVID = ClassSet(
    names=(
        "Sky",
        "Building",
        "Pole",
        "Road",
        "Pavement",
        "Tree",
        "SignSymbol",
        "Fence",
        "Car",
        "Pedestrian",
        "Bicyclist",
    ),
    colors=(
        (128, 128, 128),
        (128, 0, 0),
        (192, 192, 128),
        (128, 64, 128),
        (60, 40, 222),
        (128, 128, 0),
        (192, 128, 128),
        (64, 64, 128),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
    ),
    ignore_index=11,
)
"""The eleven classes of CamVid as the SegNet paper uses them (arXiv 1511.00561, section 4.1)."""
