"""Read an encoder's weights from a file: safetensors, or a PyTorch state dict."""

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from segnet.errors import UserError, first_line
from segnet.nn.finite import check_finite

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")

ADVICE = "give the weights of this encoder, as safetensors or as a state dict"

TENSORS = ("weight", "bias", "running_mean", "running_var")
"""The tensors of a layer, in the order of a state dict."""


def is_weight_file(weights: object) -> bool:
    """Whether a config's ``encoder_weights`` names a file. Otherwise it names weights to download."""
    return isinstance(weights, str) and weights.endswith(SUFFIXES)


@torch.no_grad()
def load_encoder(encoder: nn.Module, path: str | Path) -> None:
    """Copy a file's weights and statistics into ``encoder``.

    If the file has all of the encoder's names, they are matched by name. Otherwise they are matched by order, because
    libraries name a network's layers differently but keep their order. Layers after the encoder's, such as a
    classifier, are left out. A file without batch norm fills only the convolutions.

    Args:
        encoder: changed in place.
        path: a file with one of ``SUFFIXES``.

    Raises:
        UserError: there is no such file, it holds more than tensors, it belongs to another network, or a weight is not
            finite.
    """
    saved = read_weights(Path(path))
    for wanted in (statistics_and_weights(encoder), convolution_weights(encoder)):
        taken = matching(wanted, saved)
        if taken is not None:
            check_finite(Path(path), taken, ADVICE)
            for name, tensor in wanted.items():
                tensor.copy_(taken[name])
            return
    raise UserError(f"{path}: {mismatch(statistics_and_weights(encoder), saved)}; {ADVICE}")


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, without the counters of batch norm."""
    content: Any
    try:
        if path.suffix == ".safetensors":
            loaded = safetensors.torch.load_file(path)
            content = {name: loaded[name] for name in sorted(loaded, key=place)}
        else:
            # PyTorch warns of the code in a pickle, which it refuses.
            with warnings.catch_warnings(action="ignore"):
                content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; model.encoder_weights is one, or the name of weights") from None
    except pickle.UnpicklingError:
        raise UserError(f"{path}: holds more than tensors, which could run code, so it is not read; {ADVICE}") from None
    except Exception as error:  # whatever PyTorch raises on damaged bytes
        raise UserError(f"{path}: cannot be read as weights ({first_line(error)}); {ADVICE}") from None
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise UserError(f"{path}: is not a state dict, which has a tensor for each name; {ADVICE}")
    return {name: tensor for name, tensor in without_counters(content).items() if is_plain(tensor)}


def is_plain(tensor: Tensor) -> bool:
    """Whether a tensor can be copied into a layer's weights: numbers with a point, and none of them left out."""
    return tensor.is_floating_point() and tensor.layout == torch.strided


def place(name: str) -> list[tuple[int, str]]:
    """A key that sorts the names of layers by the numbers in them, and a layer's tensors in PyTorch's order.

    A safetensors file does not keep the order in which its tensors were written.
    """
    layer, _, tensor = name.rpartition(".")
    key = [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)|\.", layer) if part]
    return [*key, (TENSORS.index(tensor) if tensor in TENSORS else len(TENSORS), tensor)]


def without_counters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if tensor.ndim > 0}


def statistics_and_weights(encoder: nn.Module) -> dict[str, Tensor]:
    return without_counters(encoder.state_dict())


def convolution_weights(encoder: nn.Module) -> dict[str, Tensor]:
    return {
        f"{name}.{part}": parameter.detach()
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Conv2d)
        for part, parameter in module.named_parameters(recurse=False)
    }


def matching(wanted: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Match ``saved`` to the names of ``wanted``, by name or else by order; None if shapes differ."""
    in_order = dict(zip(wanted, saved.values(), strict=False))
    for candidate in (saved, in_order):
        if all(name in candidate and candidate[name].shape == tensor.shape for name, tensor in wanted.items()):
            return {name: candidate[name] for name in wanted}
    return None


def mismatch(wanted: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> str:
    """A description of the first layer, in order, that does not fit."""
    for (name, tensor), (theirs, other) in zip(wanted.items(), saved.items(), strict=False):
        if tensor.shape != other.shape:
            return f"{theirs} has shape {list(other.shape)}, where the encoder's {name} has {list(tensor.shape)}"
    return f"holds {len(saved)} tensors, the encoder {len(wanted)}"
