"""Autoencoders on disk, in the two files that every model of this project has."""

import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import ConfigDict, Field, ValidationError
from torch import nn

from segnet.config import Settings
from segnet.errors import UserError, first_line
from segnet.files import write_atomically, write_json
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.saved import CONFIG, WEIGHTS, check_weights, find_model
from segnet.version import __version__


class SavedAutoencoderConfig(Settings):
    """``config.json``: what builds the network again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = __version__
    name: str = Field(max_length=200)
    shape: tuple[int, int, int] = Field(description="(C, H, W) of the images that it was trained on")
    arguments: dict[str, Any]


def save_autoencoder(
    folder: Path, network: nn.Module, name: str, shape: tuple[int, int, int], arguments: dict[str, Any]
) -> None:
    """Write ``model.safetensors`` and ``config.json`` to ``folder``."""
    config = SavedAutoencoderConfig(name=name, shape=shape, arguments=arguments)
    weights = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / WEIGHTS, safetensors.torch.save(weights, {"format": "pt"}))
    write_json(folder / CONFIG, config.model_dump(mode="json"))


def load_autoencoder(folder: str | Path) -> nn.Module:
    """The autoencoder of a run or model folder, in evaluation mode, on the CPU.

    Raises:
        UserError: no such folder, or its files are broken or a segmentation network's.
    """
    folder = find_model(folder)
    try:
        config = SavedAutoencoderConfig.model_validate(json.loads((folder / CONFIG).read_bytes()))
    except ValidationError:
        raise UserError(f"{folder / CONFIG}: not the settings of an autoencoder; give an autoencoder's run") from None
    except ValueError as error:
        raise UserError(f"{folder / CONFIG}: is not JSON ({first_line(error)}); train again") from None
    with torch.random.fork_rng(devices=[]):
        network = build_autoencoder(config.name, config.shape, **config.arguments)
    path = folder / WEIGHTS
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            check_weights(path, {key: file.get_slice(key) for key in file.keys()}, network)  # noqa: SIM118
        network.load_state_dict(safetensors.torch.load_file(path))
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path}: no whole safetensors file ({first_line(error)}); train again") from None
    return network.eval()
