"""The runtimes that a predictor can hand its batches to; each is imported when it is asked for."""

import importlib
from typing import Protocol

import torch
from torch import Tensor

from segnet.errors import UserError
from segnet.nn.saved import SavedModel


class Backend(Protocol):
    """A network made ready by a runtime.

    Attributes:
        description: runtime, precision and device, for reports: ``torch bf16 on cpu``.
    """

    description: str

    def logits(self, images: Tensor, dropout: bool = False) -> Tensor:
        """uint8 RGB ``(N, 3, H, W)`` on the CPU to float logits ``(N, C, H, W)``; ``dropout`` leaves it on."""
        ...


BACKENDS = ("torch",)


def open_backend(name: str, model: SavedModel, precision: str, device: str) -> Backend:
    """The backend ``name`` with ``model`` loaded.

    Raises:
        UserError: no such backend, or it cannot run here.
    """
    if name not in BACKENDS:
        raise UserError(f"backend {name!r}: not known; choose {', '.join(BACKENDS)}")
    chosen = choose_device(device)
    module = importlib.import_module(f"segnet.inference.backends.{name}_backend")
    backend: Backend = module.open_backend(model, precision, chosen)
    return backend


def choose_device(name: str) -> torch.device:
    """``auto`` is a CUDA GPU where there is one, else the processor.

    Raises:
        UserError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = name.partition(":")[0]
    if kind not in ("cpu", "cuda") or (kind == "cuda" and not torch.cuda.is_available()):
        here = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise UserError(f"device {name!r}: not on this machine; choose {here} or auto")
    return torch.device(name)
