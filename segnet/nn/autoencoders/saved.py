"""Autoencoders on disk, in the two files of every model of this project."""

import json
from pathlib import Path
from typing import Annotated, Any

import safetensors
import safetensors.torch
import torch
from pydantic import Field, ValidationError
from torch import nn

from segnet.config import Settings
from segnet.errors import UserError, first_line
from segnet.files import write_together
from segnet.json_file import read_json
from segnet.model_files import CONFIG, WEIGHTS
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.finite import check_finite
from segnet.nn.model_folder import find_model
from segnet.nn.saved import budget_of, check_weights
from segnet.version import __version__

Side = Annotated[int, Field(ge=1, le=4096)]


class SavedAutoencoderConfig(Settings):
    """The content of ``config.json``, from which the network is built again."""

    version: str = __version__
    name: str = Field(max_length=200)
    shape: tuple[Side, Side, Side] = Field(description="(C, H, W) of the images that it was trained on")
    arguments: dict[str, Any]


def save_autoencoder(
    folder: Path, network: nn.Module, name: str, shape: tuple[int, int, int], arguments: dict[str, Any]
) -> None:
    """Write ``model.safetensors`` and ``config.json`` to ``folder``."""
    config = SavedAutoencoderConfig(name=name, shape=shape, arguments=arguments)
    weights = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    info = json.dumps(config.model_dump(mode="json"), indent=2) + "\n"
    write_together(
        {folder / WEIGHTS: safetensors.torch.save(weights, {"format": "pt"}), folder / CONFIG: info.encode()}
    )


def load_autoencoder(folder: str | Path) -> nn.Module:
    """The autoencoder of a run or model folder, in evaluation mode, on the CPU.

    Raises:
        UserError: there is no such folder, or its files are broken or belong to a segmentation network.
    """
    folder = find_model(folder)
    config = read_autoencoder_config(folder)
    path = folder / WEIGHTS
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            with torch.random.fork_rng(devices=[]), budget_of(path, len(file.keys())):
                network = build_autoencoder(config.name, config.shape, **config.arguments)
            check_weights(path, {key: file.get_slice(key) for key in file.keys()}, network)  # noqa: SIM118
        weights = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a complete safetensors file ({first_line(error)}); train again") from None
    check_finite(path, weights)
    network.load_state_dict(weights)
    return network.eval()


def read_autoencoder_config(folder: Path) -> SavedAutoencoderConfig:
    """Read the settings of a model folder.

    Raises:
        UserError: they are not those of an autoencoder.
    """
    path = folder / CONFIG
    try:
        return SavedAutoencoderConfig.model_validate(read_json(path, "train again"))
    except ValidationError:
        raise UserError(f"{path}: not the settings of an autoencoder; give an autoencoder's run") from None
