"""What a model can do: its sizes, scales, tiles and passes with dropout."""

from collections.abc import Sequence

from segnet.errors import UserError
from segnet.inference.model import ExportedModel, Model
from segnet.inference.network_size import SMALLEST, Size
from segnet.nn.dropout import has_dropout
from segnet.nn.stages import is_bayesian

BAYESIAN_SAMPLES = 8
"""The number in the authors' script for Bayesian SegNet-Basic; the paper (arXiv 1511.02680) plots up to 50."""

SCALES = 0.1, 8.0
"""The smallest and largest scale of an image."""


def is_graph(model: Model, backend: str) -> bool:
    """Whether an exported graph will run, which has no dropout."""
    return isinstance(model, ExportedModel) or backend in ("onnxruntime", "openvino")


def only_size(model: Model) -> tuple[int, int] | None:
    """The only (H, W) that an exported file accepts; None: any size."""
    return model.info.size if isinstance(model, ExportedModel) and not model.info.any_size else None


def check_size(model: Model, size: Size | None, scales: Sequence[float]) -> None:
    """Raise UserError if the model cannot run at that size and those scales."""
    if not scales or not all(SCALES[0] <= scale <= SCALES[1] for scale in scales):
        words = ",".join(f"{scale:g}" for scale in scales)
        raise UserError(f"scales {words!r}: one or more from {SCALES[0]} to {SCALES[1]:g}, as in 0.75,1,1.25")
    own = only_size(model)
    if own and (size not in (None, "trained", own) or tuple(scales) != (1.0,)):
        height, width = own
        raise UserError(
            f"{model.path}: takes images of {height}x{width} alone; leave --size and --scales out, or export it "  # type: ignore[union-attr]
            "for any size"
        )


def check_tile(tile: tuple[int, int] | None) -> None:
    """Raise UserError if a tile is too small for the network."""
    if tile and min(tile) < SMALLEST:
        raise UserError(f"tile {tile[0]}x{tile[1]}: a side has {SMALLEST} pixels at least")


def check_samples(model: Model, backend: str, samples: int) -> None:
    """Raise UserError if the model cannot run that many passes."""
    if samples < 1:
        raise UserError(f"{samples} samples: at least 1 pass is needed")
    if samples > 1 and is_graph(model, backend):
        raise UserError(
            "samples need dropout, which exported graphs do not have: give the run folder, and torch as backend"
        )
    if samples > 1 and not has_dropout(model.network):  # type: ignore[union-attr]
        raise UserError(f"{model.info.name} has no dropout to sample from; leave samples at 1 or take a Bayesian net")


def usual_samples(model: Model, backend: str = "auto") -> int:
    """The default number of passes with dropout on: several for a Bayesian SegNet whose dropout can stay on, else 1."""
    return 1 if is_graph(model, backend) or not is_bayesian(model.network) else BAYESIAN_SAMPLES  # type: ignore[union-attr]
