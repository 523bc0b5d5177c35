"""Start from the weights of another run: an autoencoder, a network for other classes, or a smaller network."""

from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from segnet.errors import UserError, first_line
from segnet.model_files import WEIGHTS
from segnet.nn.finite import check_finite
from segnet.nn.model_folder import find_model

BODY = "body."
"""The prefix that a pooling-index autoencoder gives to the names of its segmentation network."""


@torch.no_grad()
def start_from(network: nn.Module, model: str | Path) -> list[str]:
    """Copy a saved model's weights and statistics into ``network`` wherever name and shape agree.

    If the network is wider, they become its first channels. The weights from new channels to old ones are set to zero,
    so the wider network begins as the same function (arXiv 1511.05641). So does a deeper network whose new blocks begin
    as the identity.

    Args:
        network: changed in place. Weights without a counterpart, such as a head for other classes, stay as they are.
        model: a run folder, a model folder or a packaged model's name.

    Returns:
        The names of the copied tensors.

    Raises:
        UserError: there is no such model, a file is broken, nothing in it fits, or a weight is not finite.
    """
    path = find_model(model) / WEIGHTS
    try:
        saved = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a complete safetensors file ({first_line(error)}); train it again") from None
    saved = {name.removeprefix(BODY): tensor for name, tensor in saved.items()}
    own = network.state_dict()
    head = list(own)[-1].rpartition(".")[0] + "."  # a part of the head, whose channels are the classes, is of no use
    fitting = [
        name
        for name, weight in own.items()
        if name in saved
        and fits(saved[name], weight)
        and not (name.startswith(head) and len(weight) != len(saved[name]))
    ]
    if not fitting:
        raise UserError(f"model.start_from={model}: none of its weights fit; give a run of the same network")
    check_finite(path, {name: saved[name] for name in fitting})
    for name in fitting:
        fill(own[name], saved[name])
    return fitting


def fits(smaller: Tensor, larger: Tensor) -> bool:
    """Whether the tensors have the same shape, or ``smaller`` has fewer input or output channels."""
    if smaller.is_floating_point() != larger.is_floating_point():
        return False
    if smaller.ndim != larger.ndim or smaller.shape[2:] != larger.shape[2:]:
        return False
    return all(old <= new for old, new in zip(smaller.shape[:2], larger.shape[:2], strict=True))


def fill(weight: Tensor, smaller: Tensor) -> None:
    """Copy ``smaller`` into the first channels of ``weight``, and cut the other channels' effect on them."""
    if weight.ndim == 0:
        weight.copy_(smaller)
        return
    outputs = weight[: len(smaller)]
    if weight.ndim > 1:
        outputs[:, smaller.shape[1] :].zero_()
        outputs = outputs[:, : smaller.shape[1]]
    outputs.copy_(smaller)
