"""Start from another run's weights: an autoencoder, a network for other classes, or a smaller network."""

from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from segnet.errors import UserError, first_line
from segnet.nn.saved import WEIGHTS, find_model

BODY = "body."
"""What a pooling-index autoencoder puts before the names of the segmentation network that it is made of."""


@torch.no_grad()
def start_from(network: nn.Module, model: str | Path) -> list[str]:
    """Copy a saved model's weights and statistics into ``network`` wherever name and shape agree.

    Where the network is a wider one, they become its first channels. What the new channels would add to the old ones
    is set to zero, so that the wider network begins as the function that the smaller one is (arXiv 1511.05641), as
    does a deeper one whose new blocks begin as the identity.

    Args:
        network: changed in place; what has no counterpart (a head for other classes) stays as it was.
        model: a run folder, a model folder or a packaged model's name.

    Returns:
        The names that were copied.

    Raises:
        UserError: no such model, a broken file, or nothing in it fits.
    """
    path = find_model(model) / WEIGHTS
    try:
        saved = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path}: no whole safetensors file ({first_line(error)}); train it again") from None
    saved = {name.removeprefix(BODY): tensor for name, tensor in saved.items()}
    own = network.state_dict()
    head = list(own)[-1].rpartition(".")[0] + "."  # whose channels are the classes, of which a part is no use
    fitting = [
        name
        for name, weight in own.items()
        if name in saved
        and fits(saved[name], weight)
        and not (name.startswith(head) and len(weight) != len(saved[name]))
    ]
    if not fitting:
        raise UserError(f"model.start_from={model}: none of its weights fit; give a run of the same network")
    for name in fitting:
        fill(own[name], saved[name])
    return fitting


def fits(smaller: Tensor, larger: Tensor) -> bool:
    """Whether the one has the shape of the other, or fewer channels to go in, to come out, or both."""
    if smaller.ndim != larger.ndim or smaller.shape[2:] != larger.shape[2:]:
        return False
    return all(old <= new for old, new in zip(smaller.shape[:2], larger.shape[:2], strict=True))


def fill(weight: Tensor, smaller: Tensor) -> None:
    """Make ``smaller`` the first channels of ``weight``, on which the channels beyond have no influence."""
    if weight.ndim == 0:
        weight.copy_(smaller)
        return
    outputs = weight[: len(smaller)]
    if weight.ndim > 1:
        outputs[:, smaller.shape[1] :].zero_()
        outputs = outputs[:, : smaller.shape[1]]
    outputs.copy_(smaller)
