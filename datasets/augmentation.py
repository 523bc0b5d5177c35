"""Augmentation with albumentations, written in the config, with randomness from (seed, epoch, index) alone."""

import difflib
import inspect
import os
import warnings
from typing import Any

import cv2
import numpy as np
import torch
from pydantic import ValidationError
from torch.utils.data import Dataset

from segnet.errors import UserError

from .samples import ImagesAndMasks
from .sampling import Key

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # without it the import asks a server for a newer version
import albumentations as A

# Loader processes are the parallelism; OpenCV's own threads on top of them only get in their way.
cv2.setNumThreads(0)

TRANSFORMS: dict[str, Any] = {
    name: value
    for name, value in vars(A).items()
    if inspect.isclass(value)
    and value.__module__.startswith("albumentations.augmentations.")
    and name != "GridElasticDeform"  # gives the gaps between its cells label 0, which is a class
}


def build_augmentation(transforms: list[dict[str, dict[str, Any]]], ignore_index: int) -> A.Compose:
    """The pipeline of a config's ``augmentation``.

    Masks are resampled to the nearest label only, and what a transform adds beyond the image's edge is
    ``ignore_index`` in the mask.

    Args:
        transforms: in order, each ``{name: arguments}`` of an albumentations transform.
        ignore_index: label of the added pixels, where the arguments name no other.

    Raises:
        UserError: an unknown transform or argument, or a value that albumentations refuses; the config key is named.
    """
    built = []
    for position, entry in enumerate(transforms):
        if len(entry) != 1:
            raise UserError(
                f"augmentation.{position}: expected one transform an entry, found {', '.join(entry) or 'none'}"
            )
        [(name, arguments)] = entry.items()
        built.append(_build_transform(f"augmentation.{position}", name, arguments, ignore_index))
    return A.Compose(built, mask_interpolation=cv2.INTER_NEAREST)


def _build_transform(key: str, name: str, arguments: dict[str, Any], ignore_index: int) -> A.BasicTransform:
    if name not in TRANSFORMS:
        raise UserError(f"{key}: no transform {name!r} for images with masks{_nearest(name, TRANSFORMS)}")
    known = inspect.signature(TRANSFORMS[name]).parameters
    for argument in arguments:
        if argument not in known:
            raise UserError(f"{key}.{name}: unknown argument {argument!r}{_nearest(argument, known)}")
    if arguments.get("area_for_downscale") == "image_mask":
        raise UserError(f"{key}.{name}: area_for_downscale 'image_mask' would mix the masks' labels; use 'image'")
    # A transform whose fill_mask is None by default leaves the mask as it is: that is kept.
    if "fill_mask" in known and known["fill_mask"].default is not None:
        arguments = {"fill_mask": ignore_index} | arguments
    # Without strict, albumentations warns and takes its defaults; a few transforms check nothing and lack it.
    checked = "InitSchema" in vars(TRANSFORMS[name]) or "__init__" not in vars(TRANSFORMS[name])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TRANSFORMS[name](**arguments, **({"strict": True} if checked else {}))
    except (ValueError, TypeError) as error:
        raise UserError(f"{key}.{name}: {_in_one_line(error)}") from None


def _nearest(word: str, known: Any) -> str:
    matches = difflib.get_close_matches(word, list(known), 1, cutoff=0.5)
    if matches:
        return f"; did you mean {matches[0]}?"
    return "" if len(known) > 20 else f"; it has {', '.join(known)}"


def _in_one_line(error: Exception) -> str:
    """albumentations' own message; its argument checks are pydantic's, a sentence for each argument."""
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
    """Augmented samples by (epoch, index), the same whichever process asks and whatever was asked before.

    Args:
        dataset: the samples as they are on disk.
        augmentation: of :func:`build_augmentation`.
        seed: of the run, not negative.
    """

    def __init__(self, dataset: ImagesAndMasks, augmentation: A.Compose, seed: int) -> None:
        self.dataset, self.augmentation, self.seed = dataset, augmentation, seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        """``image`` uint8 (3, H, W) RGB, ``mask`` uint8 (H, W), ``index`` int.

        Raises:
            UserError: the sample cannot be read, or a transform cannot work on its size.
        """
        epoch, index = key
        sample = self.dataset[index]
        entropy = np.random.SeedSequence(self.seed, spawn_key=(epoch, index))
        self.augmentation.set_random_seed(int(entropy.generate_state(1, np.uint64)[0]))
        try:
            augmented = self.augmentation(image=sample.image, mask=sample.mask)
        except Exception as error:  # whatever a transform raises on this image
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
