"""Export a model to a file, and check the file."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from segnet.config import DataConfig
from segnet.datasets.image_files import Pixels
from segnet.datasets.samples import ImagesAndMasks
from segnet.datasets.splits import spread
from segnet.errors import UserError
from segnet.files import rename_together, sweep, sync_file, temporary_beside
from segnet.hardware import has_bf16
from segnet.inference.export.check import Check, compare
from segnet.inference.export.formats import SUFFIXES, WRITERS
from segnet.inference.metadata import Precision, describe
from segnet.inference.network_size import Size, network_size
from segnet.inference.tensors import as_tensor, at_size
from segnet.nn.saved import SavedModel
from segnet.optional import require

NEEDED = {
    "onnx": ["onnx", "onnxruntime"],
    "openvino": ["onnx", "openvino"],
    "torch": [],
    "litert": ["litert_torch", "ai_edge_litert"],
    "executorch": ["executorch.exir"],
}
FIXED_SIZE = ("torch", "litert", "executorch")
"""Formats whose files take one image of one size."""
IN_FP32 = ("litert", "executorch")
"""Formats that have no other precision."""


def format_of(out: Path) -> str:
    """The format with the suffix of ``out``.

    Raises:
        UserError: no format has it.
    """
    found = next((name for name, suffix in SUFFIXES.items() if suffix == out.suffix), None)
    if found is None:
        endings = ", ".join(f"{suffix} ({name})" for name, suffix in SUFFIXES.items())
        raise UserError(f"--out {out}: the suffix says for which runtime; expected {endings}")
    return found


@dataclass(frozen=True)
class Recipe:
    """The settings of an export.

    Attributes:
        format: ``onnx``, ``openvino`` or ``torch``.
        precision: ``fp32``, ``bf16`` or ``int8``.
        out: the file; its suffix is the format's.
        size: the only (H, W) that the file will take; None: any, if the format can.
        images: number of train images for calibration, and of val images for the check.
        max_loss: mean IoU, 0–1, that bf16 or int8 may cost.
    """

    format: str
    precision: Precision
    out: Path
    size: tuple[int, int] | None = None
    images: int = 64
    max_loss: float = 0.01

    @property
    def takes_any_size(self) -> bool:
        return self.size is None and self.format not in FIXED_SIZE

    def validate(self) -> None:
        """Raise UserError if this file cannot be made here."""
        if self.format not in SUFFIXES:
            raise UserError(f"format {self.format!r}: choose {', '.join(SUFFIXES)}")
        if self.precision not in get_args(Precision):
            raise UserError(f"precision {self.precision!r}: choose {', '.join(get_args(Precision))}")
        suffix = SUFFIXES[self.format]
        if self.out.suffix != suffix:
            raise UserError(f"--out {self.out}: {self.format} files end in {suffix}")
        if not self.out.parent.is_dir():
            raise UserError(f"--out {self.out}: there is no folder {self.out.parent}; create it first")
        if self.images < 1:
            raise UserError(f"--images {self.images}: at least 1 is needed to check the file")
        if not self.max_loss < 1:
            raise UserError(f"--max-loss {self.max_loss:g}: expected a loss of mean IoU below 1, such as 0.01")
        if (self.format, self.precision) == ("onnx", "bf16"):
            raise UserError("bf16: onnxruntime's processor kernels have none; take --format openvino, or fp32 or int8")
        if self.format in IN_FP32 and self.precision != "fp32":
            raise UserError(f"{self.precision}: {self.format} files are in fp32 here; leave --precision out")
        if (self.format, self.precision) == ("torch", "int8"):
            raise UserError("int8: take --format openvino or onnx")
        if (self.format, self.precision) == ("torch", "bf16") and not has_bf16(torch.device("cpu")):
            raise UserError("bf16: this processor does not compute in it, so the file could not be checked; take fp32")
        for package in [*NEEDED[self.format], *(["nncf"] if self.precision == "int8" else [])]:
            require(package, "phone" if self.format in IN_FP32 else "deploy")


@dataclass(frozen=True)
class ExportedFile:
    """A file that :func:`segnet.export` wrote; ``segnet.load`` opens ``.onnx`` and ``.xml``.

    Attributes:
        path: path of the file.
        size: the only (H, W) that it accepts; None: any.
        check: the comparison with the network.
    """

    path: Path
    size: tuple[int, int] | None
    check: Check

    @property
    def megabytes(self) -> float:
        """Size on disk, with the separate file of OpenVINO's weights."""
        files = {self.path, self.path.with_suffix(".bin") if self.path.suffix == ".xml" else self.path}
        return sum(file.stat().st_size for file in files) / 1e6


def export(
    model: SavedModel,
    recipe: Recipe,
    train: ImagesAndMasks,
    val: ImagesAndMasks,
    data: DataConfig,
    progress: Callable[[int, int], None],
) -> Check:
    """Write the file of ``recipe`` if it gives what ``model`` gives.

    Args:
        model: what to export.
        recipe: must be valid.
        train: images for the calibration of int8.
        val: images and masks for the check.
        data: source of the images, for the file's metadata.
        progress: called with (images checked, images).

    Returns:
        The result of the check.

    Raises:
        UserError: the recipe is not valid, or the file differs too much from the network. Nothing is left behind.
    """
    recipe.validate()
    size = recipe.size or (model.info.size if recipe.format in FIXED_SIZE else None)
    seen: Size = size or "trained"
    if recipe.precision == "bf16" and not has_bf16(torch.device("cpu")):
        print("this processor does not compute in bf16: the file is checked in fp32", file=sys.stderr)
    numbers = spread(recipe.images, len(train)) if recipe.precision == "int8" else []
    calibration = [as_seen(train[index].image, seen, model.info.size) for index in numbers]
    metadata = describe(model, recipe.precision, size, data)
    sweep(recipe.out.parent)
    with temporary_beside(recipe.out, folder=True) as folder:
        staged = folder / recipe.out.name
        WRITERS[recipe.format](staged, model, recipe.precision, size, calibration, metadata)
        chosen = spread(recipe.images, len(val))
        check = compare(model, staged, (val[index] for index in chosen), seen, lambda done: progress(done, len(chosen)))
        check.require(recipe.precision, recipe.max_loss)
        files = sorted(folder.iterdir())
        for file in files:
            sync_file(file)
        rename_together({recipe.out.with_name(file.name): file for file in files}, recipe.out)
    return check


def as_seen(image: Pixels, size: Size, trained: tuple[int, int]) -> Pixels:
    """``(H, W, 3)`` uint8 at the size at which the predictor gives it to the network."""
    images = at_size(as_tensor([image]), network_size(size, trained, image.shape[:2]))
    return np.ascontiguousarray(images[0].permute(1, 2, 0).numpy())
