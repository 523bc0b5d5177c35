"""SegNet and related networks: training, evaluation, video and export for semantic segmentation."""

import os

from segnet.spinning import spin_briefly
from segnet.telemetry import report_nothing
from segnet.version import __version__ as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from segnet.api import evaluate, export, rank, train, video
    from segnet.errors import UserError
    from segnet.inference.evaluation import Evaluation
    from segnet.inference.export.export import ExportedFile
    from segnet.inference.prediction import Prediction
    from segnet.inference.video.file import SegmentedVideo
    from segnet.model import Model, load
    from segnet.publish import push
    from segnet.run import Run

__all__ = [
    "Evaluation",
    "ExportedFile",
    "Model",
    "Prediction",
    "Run",
    "SegmentedVideo",
    "UserError",
    "evaluate",
    "export",
    "load",
    "push",
    "rank",
    "train",
    "video",
]

# In a checkout the data room and the configs stand beside this folder, in an installed package inside it.
if not os.path.isdir(os.path.join(__path__[0], "datasets")):  # noqa: PTH112, PTH118 (pathlib's import takes longer than ours)
    __path__.append(os.path.dirname(__path__[0]))  # noqa: PTH120

# Before any module of ours imports PyTorch, whose OpenMP reads it when it starts.
spin_briefly()
report_nothing()

PLACES = {
    "Evaluation": "segnet.inference.evaluation",
    "ExportedFile": "segnet.inference.export.export",
    "Model": "segnet.model",
    "Prediction": "segnet.inference.prediction",
    "Run": "segnet.run",
    "SegmentedVideo": "segnet.inference.video.file",
    "UserError": "segnet.errors",
    "load": "segnet.model",
    "push": "segnet.publish",
}
"""Where what is offered stands, if not in :mod:`segnet.api`."""


def __getattr__(name: str) -> object:
    """Import what is offered when it is asked for: PyTorch takes seconds, ``import segnet`` a few milliseconds."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(PLACES.get(name, "segnet.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
