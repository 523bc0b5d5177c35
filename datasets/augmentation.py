"""Augmentation with albumentations from the config. Its randomness depends only on (seed, epoch, index)."""

import inspect
import math
import random
import warnings
from typing import Any

import albumentations as A
import cv2
import numpy as np
import torch
from pydantic import ValidationError
from torch.utils.data import Dataset

from segnet.errors import UserError
from segnet.nearest import did_you_mean

from .rare import Draw, RareClasses
from .rare_crops import CENTRED_CROPS
from .samples import ImagesAndMasks
from .sampling import Key

# Loader processes work in parallel already, and OpenCV's own threads would only get in their way.
cv2.setNumThreads(0)

TRANSFORMS: dict[str, Any] = {
    name: value
    for name, value in vars(A).items()
    if inspect.isclass(value)
    and value.__module__.startswith("albumentations.augmentations.")
    and name != "GridElasticDeform"  # gives the gaps between its cells the label 0, which is a class
} | CENTRED_CROPS

GROUPS: dict[str, Any] = {"OneOf": A.OneOf, "SomeOf": A.SomeOf, "Sequential": A.Sequential}
"""Transforms that contain others, in the argument ``transforms``."""


def build_augmentation(transforms: list[dict[str, dict[str, Any]]], ignore_index: int) -> A.Compose:
    """Build the pipeline of a config's ``augmentation``.

    Masks are resampled to the nearest label. Pixels that a transform adds beyond the image's edge get ``ignore_index``.

    Args:
        transforms: in order, each ``{name: arguments}`` of an albumentations transform, or of ``OneOf``, ``SomeOf`` or
            ``Sequential``, whose argument ``transforms`` is such a list again.
        ignore_index: label of the added pixels, unless the arguments name another.

    Raises:
        UserError: a transform or an argument is unknown, or albumentations refuses a value. The message names the
            config key.
    """
    return A.Compose(_build_list("augmentation", transforms, ignore_index), mask_interpolation=cv2.INTER_NEAREST)


def _build_list(key: str, transforms: Any, ignore_index: int) -> list[A.BasicTransform | A.BaseCompose]:
    if not isinstance(transforms, list):
        raise UserError(f"{key}: expected a list of transforms, found {transforms!r}")
    built = []
    for position, entry in enumerate(transforms):
        place = f"{key}.{position}"
        if not isinstance(entry, dict) or len(entry) != 1:
            found = entry if isinstance(entry, str) else ", ".join(entry) or "none"
            raise UserError(f"{place}: expected one transform for each entry, found {found}")
        [(name, arguments)] = entry.items()
        if not isinstance(arguments, dict):
            raise UserError(f"{place}.{name}: expected the transform's arguments, {{}} for none, found {arguments!r}")
        build = _build_group if name in GROUPS else _build_transform
        built.append(build(place, name, arguments, ignore_index))
    return built


def _build_group(key: str, name: str, arguments: dict[str, Any], ignore_index: int) -> A.BaseCompose:
    _check_arguments(f"{key}.{name}", arguments, inspect.signature(GROUPS[name]).parameters)
    members = _build_list(f"{key}.{name}.transforms", arguments.get("transforms", []), ignore_index)
    if not any(member.p for member in members):
        raise UserError(f"{key}.{name}.transforms: nothing to apply; name at least one transform whose p is above 0")
    share, count = arguments.get("p", 1), arguments.get("n", 1)
    if not (isinstance(share, int | float) and 0 <= share <= 1):
        raise UserError(f"{key}.{name}.p: found {share!r}; expected a number from 0 to 1")
    most = math.inf if arguments.get("replace") else len(members)
    if not (isinstance(count, int) and 1 <= count <= most):
        raise UserError(f"{key}.{name}.n: found {count!r}; expected 1 to {most}, as many transforms as there are")
    return GROUPS[name](**{**arguments, "transforms": members})


def _build_transform(key: str, name: str, arguments: dict[str, Any], ignore_index: int) -> A.BasicTransform:
    if name not in TRANSFORMS:
        raise UserError(f"{key}: no transform {name!r} for images with masks{_nearest(name, TRANSFORMS | GROUPS)}")
    known = inspect.signature(TRANSFORMS[name]).parameters
    _check_arguments(f"{key}.{name}", arguments, known)
    if arguments.get("area_for_downscale") == "image_mask":
        raise UserError(f"{key}.{name}: area_for_downscale 'image_mask' would mix the masks' labels; use 'image'")
    # A transform whose fill_mask is None by default leaves the mask as it is, which is kept.
    if "fill_mask" in known and known["fill_mask"].default is not None:
        arguments = {"fill_mask": ignore_index} | arguments
    # Without strict, albumentations warns and uses its defaults. A few transforms check nothing and lack it.
    checked = "InitSchema" in vars(TRANSFORMS[name]) or "__init__" not in vars(TRANSFORMS[name])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TRANSFORMS[name](**arguments, **({"strict": True} if checked else {}))
    except (ValueError, TypeError) as error:
        raise UserError(f"{key}.{name}: {_in_one_line(error)}") from None


def _check_arguments(key: str, arguments: dict[str, Any], known: Any) -> None:
    for argument in arguments:
        if argument not in known:
            raise UserError(f"{key}: unknown argument {argument!r}{_nearest(argument, known)}")


def _nearest(word: str, known: Any) -> str:
    if question := did_you_mean(word, known):
        return f"; {question}"
    return "" if len(known) > 20 else f"; it has {', '.join(known)}"


def _in_one_line(error: Exception) -> str:
    """albumentations' own message. Its checks of arguments are pydantic's, with a sentence for each argument."""
    if not isinstance(error.__cause__, ValidationError):
        return " ".join(str(error).split())
    sentences = []
    for problem in error.__cause__.errors():
        argument = ".".join(map(str, problem["loc"]))
        if problem["type"] == "missing":
            sentences.append(f"{argument} is not given")
        else:
            sentences.append(f"{argument} = {problem['input']!r}: {problem['msg']}" if argument else problem["msg"])
    return "; ".join(sentences)


class Augmented(Dataset[dict[str, Any]]):
    """Augmented samples by (epoch, index). They do not depend on the process or on earlier samples.

    Args:
        dataset: the samples as they are on disk.
        augmentation: result of :func:`build_augmentation`.
        seed: the run's, not negative.
        rare: chooses the samples that show a rare class; None: each sample is its own image, cropped anywhere.

    Raises:
        UserError: ``rare`` is given, but no transform can crop around a pixel.
    """

    def __init__(
        self, dataset: ImagesAndMasks, augmentation: A.Compose, seed: int, rare: RareClasses | None = None
    ) -> None:
        self.dataset, self.augmentation, self.seed, self.rare = dataset, augmentation, seed, rare
        if rare and not has_centred_crop(augmentation):
            raise UserError(
                f"sampling.rare centres crops, but augmentation has none; add one of {', '.join(CENTRED_CROPS)} to it"
            )

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        """``image`` uint8 (3, H, W) RGB, ``mask`` uint8 (H, W), and ``index`` int of the shown image.

        Raises:
            UserError: the sample cannot be read, or a transform cannot work on its size.
        """
        index, label = self.rare.draw(key) if self.rare else Draw(key[1], None)
        sample = self.dataset[index]
        self.reseed(key)
        try:
            augmented = self.augmentation(image=sample.image, mask=sample.mask, rare=label)
        except Exception as error:  # any error that a transform raises on this image
            raise UserError(f"augmentation of {self.dataset.pairs[index].image}: {_in_one_line(error)}") from None
        image, mask = augmented["image"], augmented["mask"]
        if image.dtype != np.uint8 or image.shape != (*mask.shape, 3):
            raise UserError(
                f"augmentation gives images {image.shape} of {image.dtype}; images stay (H, W, 3) of uint8, "
                "take the transform out that changes this (the network's input is normalised by model.input)"
            )
        return {
            "image": torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))),
            "mask": torch.from_numpy(np.ascontiguousarray(mask)),
            "index": index,
        }

    def reseed(self, key: Key) -> None:
        """Let all transforms draw in turn from one stream of (seed, epoch, index).

        albumentations' own ``set_random_seed`` gives each transform the same seed. Of two flips with p = 0.5, both
        happen or neither does, and the scale that one transform draws decides where the next one crops.
        """
        entropy = np.random.SeedSequence(self.seed, spawn_key=key)
        state = int(entropy.generate_state(1, np.uint64)[0])
        self.augmentation.set_random_state(np.random.Generator(np.random.PCG64(state)), random.Random(state))


def has_centred_crop(group: A.BaseCompose) -> bool:
    return any(
        has_centred_crop(member) if isinstance(member, A.BaseCompose) else type(member) in CENTRED_CROPS.values()
        for member in group.transforms
    )
