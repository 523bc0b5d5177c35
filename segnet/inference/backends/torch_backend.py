"""PyTorch: channels-last, batch norm folded into convolutions, bfloat16 if the processor supports it."""

import copy
import sys

import torch
from torch import Tensor, nn

from segnet.errors import UserError
from segnet.hardware import has_bf16
from segnet.inference.backends.devices import choose_device
from segnet.inference.finite import check_finite
from segnet.inference.graph import fold_batch_norm
from segnet.nn.dropout import enable_dropout
from segnet.nn.saved import SavedModel

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


class TorchBackend:
    """A network in evaluation mode on ``device``.

    Args:
        model: it stays as it is; the back end works on a copy.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 if the device computes in it.
        device: ``cpu``, ``cuda`` or ``auto``.
        compiled: use ``torch.compile``; the first image of each size then takes a minute.
    """

    def __init__(self, model: SavedModel, precision: str, device: str, compiled: bool = False) -> None:
        self.device = choose_device(device)
        name = self.choose(precision)
        self.dtype = PRECISIONS[name]
        network = fold_batch_norm(copy.deepcopy(model.network).eval())
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        for part in self.network.modules():
            if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                part.to(self.dtype)  # autocast would convert them again for every image
        self.is_compiled = compiled
        self.forward = torch.compile(self.network) if compiled else self.network
        self.preprocess = model.preprocess.to(self.device)
        self.description = f"torch{' compiled' if compiled else ''} {name} on {self.device.type}"
        self.splits_cores = self.device.type == "cpu" and not compiled

    def choose(self, precision: str) -> str:
        if precision not in ("auto", *PRECISIONS):
            raise UserError(f"precision {precision!r}: the torch backend has {', '.join(PRECISIONS)} and auto")
        if precision == "fp32" or has_bf16(self.device):
            return "bf16" if precision == "auto" else precision
        if precision == "bf16":
            print(f"this {self.device.type} does not compute in bf16: going on in fp32", file=sys.stderr)
        return "fp32"

    @torch.inference_mode()
    def logits(self, images: Tensor, dropout: bool = False) -> Tensor:
        x = self.preprocess(images.to(self.device)).contiguous(memory_format=torch.channels_last)
        if dropout:
            enable_dropout(self.network)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits: Tensor = self.forward(x)
        self.network.eval()
        return check_finite(logits.float(), self.description)

    def classes(self, images: Tensor) -> Tensor:
        # uint8 saves memory: argmax gives int64, eight times as large.
        return self.logits(images).argmax(1).to(torch.uint8).cpu()
