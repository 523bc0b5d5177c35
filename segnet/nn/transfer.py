"""Begin with another run's weights: an autoencoder's, or those of a network for other classes."""

from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from segnet.errors import UserError, first_line
from segnet.nn.saved import WEIGHTS, find_model

BODY = "body."
"""What a pooling-index autoencoder puts before the names of the segmentation network that it is made of."""


@torch.no_grad()
def start_from(network: nn.Module, model: str | Path) -> list[str]:
    """Copy a saved model's weights and statistics into ``network`` wherever name and shape agree.

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
    fitting = [name for name in own if name in saved and saved[name].shape == own[name].shape]
    if not fitting:
        raise UserError(f"model.start_from={model}: none of its weights fit; give a run of the same network")
    for name in fitting:
        own[name].copy_(saved[name])
    return fitting
