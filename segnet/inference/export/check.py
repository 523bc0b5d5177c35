"""Compare an exported file with its network, on real images."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from segnet.datasets.samples import Sample
from segnet.errors import UserError
from segnet.inference.backends import Backend, open_backend
from segnet.inference.export.formats import SUFFIXES
from segnet.inference.model import open_model
from segnet.inference.network_size import Size, network_size
from segnet.inference.tensors import as_tensor, at_size
from segnet.metrics import ConfusionMatrix, SegmentationScores
from segnet.nn.saved import SavedModel
from segnet.optional import require

AGREEMENT = 0.999
"""The least share of pixels on which an fp32 file and its network must agree. They cannot agree on all: sums in another
order move near ties within a pooling window to another place, and the pixels around follow."""


@dataclass(frozen=True)
class Check:
    """The result of a comparison.

    Attributes:
        images: images that were compared.
        agreement: share of their pixels with the same class.
        difference: largest difference of two logits; None if the file gives no logits.
        mean_iou: the network's, in fp32 on these images.
        file_mean_iou: the file's.
    """

    images: int
    agreement: float
    difference: float | None
    mean_iou: float
    file_mean_iou: float

    @property
    def lost(self) -> float:
        """How much lower the file's mean IoU is than the network's."""
        return self.mean_iou - self.file_mean_iou

    def require(self, precision: str, max_loss: float) -> None:
        """Raise UserError if the file does not give what the network gives."""
        if precision == "fp32" and self.agreement < AGREEMENT:
            raise UserError(
                f"the exported graph agrees with the network on {100 * self.agreement:.2f} % of the pixels, "
                f"{100 * AGREEMENT} % are expected: nothing was written; try another --format, and please report it"
            )
        if precision != "fp32" and self.lost > max_loss:
            raise UserError(
                f"{precision} costs {self.lost:.4f} of mean IoU, more than --max-loss {max_loss:g}: nothing was "
                "written; calibrate on more --images, take another precision, or allow it"
            )

    def __str__(self) -> str:
        logits = "" if self.difference is None else f" · largest difference of logits {self.difference:.2g}"
        return (
            f"{self.images} images: same class on {100 * self.agreement:.3f} % of the pixels{logits} · mean IoU "
            f"{self.file_mean_iou:.4f}, the network's {self.mean_iou:.4f}"
        )


class Program:
    """A written ``torch.export`` program, whose graph gives only classes."""

    def __init__(self, path: Path) -> None:
        self.module = torch.export.load(path).module()

    def classes(self, images: Tensor) -> Tensor:
        classes: Tensor = self.module(images.permute(0, 2, 3, 1).contiguous())
        return classes


class LiteRtProgram:
    """A written TensorFlow Lite file."""

    def __init__(self, path: Path) -> None:
        runtime = require("ai_edge_litert.interpreter", "phone")
        self.runner = runtime.Interpreter(str(path)).get_signature_runner()

    def classes(self, images: Tensor) -> Tensor:
        (name,) = self.runner.get_input_details()
        (classes,) = self.runner(**{name: images.permute(0, 2, 3, 1).contiguous().numpy()}).values()
        return torch.from_numpy(classes)


class ExecuTorchProgram:
    """A written ExecuTorch program."""

    def __init__(self, path: Path) -> None:
        self.program = require("executorch.runtime", "phone").Runtime.get().load_program(path)
        self.method = self.program.load_method("forward")

    def classes(self, images: Tensor) -> Tensor:
        classes: Tensor = self.method.execute([images.permute(0, 2, 3, 1).contiguous()])[0]
        return classes


AnyProgram = Program | LiteRtProgram | ExecuTorchProgram
PROGRAMS: dict[str, type[AnyProgram]] = {
    SUFFIXES["torch"]: Program,
    SUFFIXES["litert"]: LiteRtProgram,
    SUFFIXES["executorch"]: ExecuTorchProgram,
}
"""Files that no back end opens. Each of these classes runs one kind."""


def open_file(path: Path) -> AnyProgram | Backend:
    if path.suffix in PROGRAMS:
        return PROGRAMS[path.suffix](path)
    return open_backend("auto", open_model(path), "auto", "cpu")


def compare(
    model: SavedModel,
    path: Path,
    samples: Iterable[Sample],
    size: Size,
    progress: Callable[[int], None],
) -> Check:
    """Run the file at ``path`` and ``model`` in fp32 on each sample.

    Args:
        model: the network.
        path: the file that this process exported from it.
        samples: images and masks.
        size: the size at which both see the images.
        progress: called with the number of images done.
    """
    network = open_backend("torch", model, "fp32", "cpu")
    file = open_file(path)
    ours, its = (ConfusionMatrix(len(model.info.class_names), model.info.ignore_index) for _ in range(2))
    same = pixels = count = 0
    difference = None
    for count, sample in enumerate(samples, 1):
        images = at_size(as_tensor([sample.image]), network_size(size, model.info.size, sample.mask.shape))
        logits = network.logits(images)
        expected, found = logits.argmax(1).to(torch.uint8), file.classes(images)
        if not isinstance(file, AnyProgram):
            difference = max(difference or 0.0, float((file.logits(images) - logits).abs().max()))
        same, pixels = same + int((found == expected).sum()), pixels + found.numel()
        for matrix, classes in ((ours, expected), (its, found)):
            matrix.update(F.interpolate(classes[None], sample.mask.shape, mode="nearest")[0, 0], sample.mask)
        progress(count)
    return Check(count, same / pixels, difference, *(SegmentationScores(m.matrix).mean_iou for m in (ours, its)))
