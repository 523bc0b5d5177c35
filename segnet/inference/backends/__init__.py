"""The runtimes for a predictor's batches. Each is imported on first use."""

import importlib.util
import platform
from typing import Protocol

from torch import Tensor

from segnet.errors import UserError
from segnet.inference.model import ExportedModel, Model


class Backend(Protocol):
    """A network that a runtime has loaded.

    Attributes:
        description: runtime, precision and device, for reports: ``torch bf16 on cpu``.
        splits_cores: whether two threads may call it at once, and each of them then computes on a part of the cores.
    """

    description: str
    splits_cores: bool

    def logits(self, images: Tensor, dropout: bool = False) -> Tensor:
        """uint8 RGB ``(N, 3, H, W)`` on the CPU to float logits ``(N, C, H, W)``; ``dropout`` keeps it on."""
        ...

    def classes(self, images: Tensor) -> Tensor:
        """The same images to class indices, uint8 ``(N, H, W)`` on the CPU."""
        ...


MANY = 100
"""OpenVINO needs a second or more to start. It is worth it from so many images on."""

BACKENDS = ("torch", "torch-compiled", "onnxruntime", "openvino")


def open_backend(name: str, model: Model, precision: str, device: str) -> Backend:
    """Open the back end ``name`` with ``model`` loaded; ``auto`` is the one that the model is made for.

    Raises:
        UserError: there is no such back end, it is not installed, or it cannot run this model here.
    """
    if name not in ("auto", *BACKENDS):
        raise UserError(f"backend {name!r}: not known; choose {', '.join(BACKENDS)} or auto")
    made_for = model.backend if isinstance(model, ExportedModel) else None
    if made_for and name not in ("auto", made_for):
        raise UserError(f"{model.path}: runs in {made_for}, not in {name}; leave --backend out")  # type: ignore[union-attr]
    name = made_for or name
    if name == "openvino":
        from segnet.inference.backends.openvino_backend import OpenVinoBackend

        return OpenVinoBackend(model, precision, device)
    if name == "onnxruntime":
        from segnet.inference.backends.onnxruntime_backend import OnnxRuntimeBackend

        return OnnxRuntimeBackend(model, precision, device)
    assert not isinstance(model, ExportedModel)
    from segnet.inference.backends.torch_backend import TorchBackend

    return TorchBackend(model, precision, device, compiled=name == "torch-compiled")


def is_openvino_usual() -> bool:
    """Whether OpenVINO is fastest for many images: it is installed, and this kind of processor was measured."""
    is_there = all(importlib.util.find_spec(package) for package in ("onnx", "openvino"))
    return is_there and platform.machine().lower() in ("x86_64", "amd64")
