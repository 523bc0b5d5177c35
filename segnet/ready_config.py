"""Make a complete config for a data set that was inspected, ready to be edited."""

from pathlib import Path
from typing import Any

import yaml

from segnet.config_file import PlainDumper, parse_config
from segnet.datasets.coding import Coding
from segnet.datasets.folder import split_pairs
from segnet.datasets.inspection.inspection import Inspection
from segnet.datasets.masks import describe_value
from segnet.datasets.splits import choose_splits
from segnet.errors import UserError

VIEWS = 24_000
"""Images that a run sees in all. The number of epochs follows from it."""
EPOCHS = (12, 300)
BATCH = 6
CROP = (256, 320)
"""Height and width of the largest crop, which fits the memory and time of a small machine."""
STEP = 32
"""Crops are multiples of this, so that four poolings leave no remainder."""


def ready_config(inspection: Inspection) -> str:
    """A complete config, as YAML, that trains SegNet-Lite on the data set.

    Raises:
        UserError: the data set has too few images for a split to train on and one to measure on.
    """
    train, val = choose_splits(inspection.layout.splits)
    trained = train.partition("%")[0].partition("@")[0].partition("-")[0]
    trained = trained if trained in inspection.layout.splits else next(iter(inspection.layout.splits))
    mean, std = inspection.normalisation(trained)
    images = len(inspection.layout.splits[trained])
    settings: dict[str, Any] = {
        "data": data_settings(inspection, train, val),
        "augmentation": augmentation(*crop_size(inspection)),
        "model": {
            "name": "segnet_lite",
            "input": {"mean": [round(float(m), 2) for m in mean], "std": [round(float(s), 2) for s in std]},
        },
        "loss": [{"name": "cross_entropy", "class_weights": "enet", "enet_c": 1.1}],
        "optimizer": {"name": "adamw", "lr": 0.002, "weight_decay": 0.01, "decay_norm_and_bias": False},
        "schedule": {"name": "one_cycle"},
        "training": {
            "epochs": min(max(VIEWS // max(images, 1), EPOCHS[0]), EPOCHS[1]),
            "batch_size": min(BATCH, max(1, images // 2)),
            "ema_decay": 0.995,
            "precision": "bf16-mixed",
            "validate_every": 4,
        },
    }
    parse_config(settings, "the config")
    weights = inspection.weights(trained)["enet"]
    comment = (
        f"# {inspection.layout.title}: {len(inspection.looks)} images in {inspection.root}\n"
        f"# Written by segnet inspect. Loss weights by class_weights enet, counted again when training starts:\n"
        f"# {', '.join(f'{weight:g}' for weight in weights)}\n"
        f"# data.merge brings classes together and data.ignore leaves some out, both by name.\n"
    )
    # None writes lists and mappings without inner ones on one line.
    return comment + yaml.dump(
        settings, Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )


def augmentation(height: int, width: int) -> list[dict[str, Any]]:
    """The config's ``augmentation``, with crops of the given size."""
    return [
        {"RandomScale": {"scale_limit": [-0.3, 0.4], "p": 1}},
        {"RandomCrop": {"height": height, "width": width, "pad_if_needed": True, "pad_position": "random"}},
        {"HorizontalFlip": {"p": 0.5}},
        {"ColorJitter": {"brightness": [0.6, 1.4], "contrast": [0.7, 1.3], "saturation": [0.6, 1.4],
                         "hue": [-0.05, 0.05], "p": 0.8}},
    ]  # fmt: skip


def data_settings(inspection: Inspection, train: str, val: str) -> dict[str, Any]:
    """The config's ``data``: the plain layout if the folder has it, else its format."""
    classes, coding = inspection.classes, inspection.layout.coding
    settings: dict[str, Any] = {"name": "folder", "root": str(inspection.root.resolve())}
    plain = is_plain(inspection)
    if not plain:
        settings["format"] = inspection.format
        patterns = {"images": inspection.images, "masks": inspection.masks}
        settings |= {key: pattern for key, pattern in patterns.items() if pattern}
    settings |= {"train": train, "val": val, "classes": list(classes.names)}
    settings["colors"] = [list(color) for color in classes.colors]
    if inspection.format == "generic":
        if not plain:
            settings |= value_settings(coding, len(classes))
        settings["ignore_index"] = classes.ignore_index
    return settings


def value_settings(coding: Coding, classes: int) -> dict[str, Any]:
    """The config's keys for the meaning of mask values, so that training reads the masks as inspected."""
    table = coding.colors if coding.by_color else coding.indices
    words = {value: describe_value(value, "rgb") if coding.by_color else value for value in table}
    settings: dict[str, Any] = {
        "labels": [words[next(value for value, own in table.items() if own == label)] for label in range(classes)]
    }
    left_out = [words[value] for value, own in table.items() if own == coding.ignore_index]
    if [value for value in left_out if value != coding.ignore_index]:
        settings["ignore_values"] = left_out
    if coding.snap:
        settings["snap"] = True
    return settings


def is_plain(inspection: Inspection) -> bool:
    """Whether ``data.name=folder`` reads the folder without a format: the same pairs, and masks of class indices."""
    classes, coding = inspection.classes, inspection.layout.coding
    if inspection.format != "generic" or inspection.images or inspection.masks or coding.by_color or coding.snap:
        return False
    if set(inspection.mask_kinds) - {"index", "palette"}:
        return False
    if any(coding.indices.get(label) != label for label in range(len(classes))):
        return False
    if any(value != label for value, label in coding.indices.items() if value != classes.ignore_index):
        return False
    try:
        return all(
            sorted(split_pairs(inspection.root, split)) == sorted(pairs)
            for split, pairs in inspection.layout.splits.items()
        )
    except UserError:
        return False


def crop_size(inspection: Inspection) -> tuple[int, int]:
    """Height and width of the training crops. They fit into the smallest image if that has room for one step."""
    smallest = [min(size[axis] for size in inspection.sizes) for axis in (0, 1)]
    height, width = (min(limit, max(STEP, side // STEP * STEP)) for limit, side in zip(CROP, smallest, strict=True))
    return height, width


def write_config(path: Path, inspection: Inspection) -> None:
    """Write the config of :func:`ready_config`.

    Raises:
        UserError: the file exists, and was not written by this function.
    """
    from segnet.files import write_atomically

    if path.exists() and "# Written by segnet inspect." not in path.read_text(encoding="utf-8", errors="replace"):
        raise UserError(f"{path}: there is a config that segnet inspect did not write; name another file")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, ready_config(inspection))
