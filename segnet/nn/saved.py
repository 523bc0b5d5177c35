"""Models on disk: ``model.safetensors`` and ``config.json`` in a folder. Both are plain data that cannot run code."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import safetensors
import safetensors.torch
import torch
from pydantic import Field, ValidationError, model_validator
from torch import Tensor, nn

from segnet.config import Channel, InputConfig, Settings
from segnet.errors import UserError, first_line
from segnet.files import write_together
from segnet.json_file import read_json
from segnet.model_files import CONFIG, WEIGHTS
from segnet.nn.budget import Budget
from segnet.nn.catalogue import build_network
from segnet.nn.finite import check_finite
from segnet.nn.model_folder import find_model
from segnet.nn.preprocess import Preprocess
from segnet.nn.smp import PREFIX
from segnet.version import __version__

Pixels = Annotated[int, Field(ge=1, le=65_536)]


class ModelInfo(Settings):
    """Everything about a model but its weights: the content of ``config.json``.

    Attributes:
        version: version of this package that wrote it.
        name: the network's name in the catalogue.
        arguments: arguments of its constructor, plain data.
        input: what the first layer sees.
        class_names: one for each channel of the logits.
        class_colors: their RGB colours, 0–255.
        ignore_index: mask label of pixels that do not count.
        size: (H, W) of the images that it was trained on.
    """

    version: str = __version__
    name: str = Field(max_length=200)
    arguments: dict[str, Any]
    input: InputConfig
    class_names: tuple[str, ...] = Field(min_length=1, max_length=256)
    class_colors: tuple[tuple[Channel, Channel, Channel], ...] = Field(max_length=256)
    ignore_index: int = Field(ge=0, le=255)
    size: tuple[Pixels, Pixels]

    @model_validator(mode="after")
    def check_classes(self) -> Self:
        names = len(self.class_names)
        if len(self.class_colors) != names:
            raise ValueError(f"{names} class_names, but {len(self.class_colors)} class_colors")
        if self.ignore_index < names:
            raise ValueError(f"ignore_index {self.ignore_index} is a class ({self.class_names[self.ignore_index]})")
        return self


@dataclass
class SavedModel:
    """A network and everything that is needed to use it on images.

    Attributes:
        network: maps normalised ``(N, 3, H, W)`` to logits ``(N, classes, H, W)``.
        info: everything else, as ``config.json`` has it.
    """

    network: nn.Module
    info: ModelInfo

    @property
    def preprocess(self) -> Preprocess:
        given = self.info.input
        return Preprocess(given.channels, given.mean, given.std)


def save_model(folder: str | Path, model: SavedModel, dtype: torch.dtype = torch.float32) -> None:
    """Write ``model.safetensors`` and ``config.json`` to ``folder``, which is created if it does not exist.

    Both files are on the disk before either is renamed, so a kill never leaves the settings of one model with the
    weights of another.

    Args:
        folder: a run folder, or a folder for this model alone.
        model: the model; its network may be in any mode, on any device.
        dtype: of the weights in the file; float16 halves the file, for packages.

    Raises:
        UserError: ``folder`` cannot be written to.
    """
    folder = Path(folder)
    weights = {
        key: value.detach()
        .to("cpu", dtype if value.is_floating_point() else value.dtype)
        .clone(memory_format=torch.contiguous_format)
        for key, value in model.network.state_dict().items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        info = json.dumps(model.info.model_dump(mode="json"), indent=2) + "\n"
        write_together(
            {folder / WEIGHTS: safetensors.torch.save(weights, {"format": "pt"}), folder / CONFIG: info.encode()}
        )
    except OSError as error:
        raise UserError(f"{folder}: the model cannot be written ({error.strerror or error})") from None


def load_model(model: str | Path) -> SavedModel:
    """Read a model.

    Args:
        model: a run folder, a model folder, a packaged model's name, or ``hf://owner/name[@revision]``.

    Returns:
        The model with its network in evaluation mode, float32, on the CPU.

    Raises:
        UserError: there is no such model, or one of its files is missing, broken, pickled or of another network.
    """
    folder = find_model(model)
    config = read_config(folder / CONFIG)
    path = folder / WEIGHTS
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            # The network is first built without memory, so that false settings about its size are found before they
            # cost anything. Some encoders of SMP read numbers while they are built, and meta tensors have none.
            meta = torch.device("cpu" if config.name.startswith(PREFIX) else "meta")
            with meta, budget_of(path, len(file.keys())):
                outline = network_of(folder / CONFIG, config)
            check_weights(path, {key: file.get_slice(key) for key in file.keys()}, outline)  # noqa: SIM118
            network = network_of(folder / CONFIG, config)
            weights = {key: file.get_tensor(key) for key in network.state_dict()}
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(
            f"{path}: not a complete safetensors file ({first_line(error)}); save the model again"
        ) from None
    check_finite(path, weights)
    network.load_state_dict(weights)
    return SavedModel(network.eval(), config)


def read_config(path: Path) -> ModelInfo:
    settings = read_json(path, "save the model again")
    if isinstance(settings, dict) and "shape" in settings and "class_names" not in settings:
        folder = path.parent
        raise UserError(f"{folder}: is an autoencoder, which has no classes; look into it with segnet demo {folder}")
    try:
        return ModelInfo.model_validate(settings)
    except ValidationError as error:
        raise UserError(f"{path}: {first_mistake(error)}; save the model again") from None


def first_mistake(error: ValidationError) -> str:
    """The first mistake in a file's settings, with its key."""
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"]))
    reason = first["msg"].removeprefix("Value error, ")
    return f"{key}: {reason}" if key else reason


def budget_of(path: Path, tensors: int) -> Budget:
    """The budget of a network whose weights are in the file ``path``, with room for what is not saved."""
    return Budget(2 * tensors + 1000, 4 * path.stat().st_size + 2**26, f"{CONFIG} does not belong to {WEIGHTS}: it")


def network_of(path: Path, config: ModelInfo) -> nn.Module:
    """Build the network of ``config`` with arbitrary weights. PyTorch's random state stays as it is."""
    arguments = dict(config.arguments)
    if "encoder_weights" in arguments:
        arguments["encoder_weights"] = None
    try:
        with torch.random.fork_rng(devices=[]):
            return build_network(config.name, len(config.class_names), **arguments)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def check_weights(path: Path, found: dict[str, Any], network: nn.Module) -> None:
    """Compare a file's header with the network: names, shapes, and which tensors are floats."""
    wanted: dict[str, Tensor] = network.state_dict()
    for key, tensor in wanted.items():
        if key not in found:
            raise UserError(f"{path}: has no weights {key}; it belongs to another network than {CONFIG} says")
        shape, dtype = found[key].get_shape(), found[key].get_dtype()
        if shape != list(tensor.shape):
            raise UserError(f"{path}: {key} has shape {shape}, but the network of {CONFIG} {list(tensor.shape)}")
        if dtype not in (FLOATS if tensor.is_floating_point() else INTEGERS):
            raise UserError(f"{path}: {key} is {dtype}; save the model again with float weights")
    extra = found.keys() - wanted.keys()
    if extra:
        raise UserError(f"{path}: has weights {min(extra)}, which the network of {CONFIG} does not have")


FLOATS = ("F16", "BF16", "F32")
INTEGERS = ("I64",)
