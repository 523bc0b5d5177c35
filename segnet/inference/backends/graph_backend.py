"""What the runtimes of exported graphs share: input, output, and limits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segnet.datasets.image_files import Pixels
from segnet.errors import UserError
from segnet.inference.finite import check_finite
from segnet.inference.graph import CLASSES, LOGITS
from segnet.inference.model import ExportedModel, Model


class GraphBackend(ABC):
    """A runtime with the graph of :mod:`segnet.inference.graph`, which has no dropout.

    Attributes:
        model: the network or the file of the graph.
    """

    model: Model

    def logits(self, images: Tensor, dropout: bool = False) -> Tensor:  # noqa: ARG002
        return check_finite(torch.from_numpy(self.run(LOGITS, as_pixels(images))), "exported graph")

    def classes(self, images: Tensor) -> Tensor:
        return torch.from_numpy(self.run(CLASSES, as_pixels(images)))

    @abstractmethod
    def run(self, output: str, pixels: Pixels) -> NDArray[Any]:
        """The graph's ``output`` for images ``(N, H, W, 3)`` uint8 RGB.

        Raises:
            UserError: the runtime cannot take images of this size.
        """


def as_pixels(images: Tensor) -> Pixels:
    """uint8 ``(N, 3, H, W)`` to ``(N, H, W, 3)``. Nothing is copied if the images lie in memory that way."""
    return np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy())


def graph_precision(model: Model, wanted: str, runtime: str, file_format: str, known: Sequence[str]) -> str:
    """The precision in which a graph runs: a file's own, which was set on export, or ``wanted``.

    Args:
        model: the network or the file.
        wanted: ``auto`` or the name of a precision.
        runtime: name of the back end, for messages.
        file_format: the name of its files for ``segnet export --format``.
        known: the precisions that it has for a network.

    Raises:
        UserError: it does not have the wanted precision.
    """
    if isinstance(model, ExportedModel):
        own = model.info.precision
        if wanted not in ("auto", own):
            raise UserError(f"{model.path}: was exported in {own}; leave --precision out, or export it in {wanted}")
        return own
    if wanted == "int8":
        raise UserError(
            f"precision int8 needs images to calibrate with: segnet export MODEL --format {file_format} "
            "--precision int8 --out FILE, then give FILE as the model"
        )
    if wanted not in ("auto", *known):
        raise UserError(
            f"precision {wanted!r}: the {runtime} backend has {', '.join(known)} and auto, int8 from a file"
        )
    return wanted


def size_error(runtime: str, shape: tuple[int, ...]) -> UserError:
    """The error for images ``(N, H, W, 3)`` that a runtime cannot take.

    Some runtimes need every image to be larger than a pooling window.
    """
    return UserError(f"{runtime} cannot run this network on images of {shape[1]}x{shape[2]}; set a larger --size")
