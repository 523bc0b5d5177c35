"""PyTorch: channels-last, batch norm folded into the convolutions, bfloat16 where the processor computes in it."""

import copy
import itertools
import sys

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from segnet.errors import UserError
from segnet.hardware import has_bf16
from segnet.nn.dropout import enable_dropout
from segnet.nn.saved import SavedModel

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


class TorchBackend:
    """A network in evaluation mode on ``device``.

    Args:
        model: stays as it is; the backend works on a copy.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 where the device computes in it.
        device: the processor or a CUDA GPU.
    """

    def __init__(self, model: SavedModel, precision: str, device: torch.device) -> None:
        self.device = device
        name = self.choose(precision)
        self.dtype = PRECISIONS[name]
        network = fold_batch_norm(copy.deepcopy(model.network).eval())
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.preprocess = model.preprocess.to(self.device)
        self.description = f"torch {name} on {self.device.type}"

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
            logits: Tensor = self.network(x)
        self.network.eval()
        return logits.float()


def open_backend(model: SavedModel, precision: str, device: torch.device) -> TorchBackend:
    return TorchBackend(model, precision, device)


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """Put each batch norm's scale and shift into the convolution before it, in place; the outputs stay the same.

    Folded are the pairs that stand next to each other in an ``nn.Sequential``, where one follows the other for
    certain.

    Args:
        network: in evaluation mode.
    """
    for part in network.modules():
        if not isinstance(part, nn.Sequential):
            continue
        for before, after in itertools.pairwise(list(part._modules)):
            convolution, norm = part._modules[before], part._modules[after]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                part._modules[before] = fuse_conv_bn_eval(convolution, norm)
                part._modules[after] = nn.Identity()
    return network
