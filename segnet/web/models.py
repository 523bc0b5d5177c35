"""The models of the page, by the names of their folders."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from segnet.errors import UserError
from segnet.inference.capabilities import check_samples
from segnet.inference.network_size import Size
from segnet.inference.predictor import Predictor
from segnet.json_file import read_json
from segnet.model_files import CONFIG, packaged_models
from segnet.nn.autoencoders.saved import load_autoencoder, read_autoencoder_config
from segnet.nn.model_folder import find_model, name_of
from segnet.nn.saved import SavedModel, load_model
from segnet.run_folder import RunFolder
from segnet.web.problems import RefusedError

BUILT_IN = "camvid-lite"
OPENED = 4
"""The number of networks that are kept open; a large one takes some hundred MB."""


@dataclass(frozen=True)
class Autoencoder:
    """An autoencoder and the shape (C, H, W) of its images."""

    network: nn.Module
    shape: tuple[int, int, int]


class Models:
    """Segmentation networks and autoencoders. All are read at once, so that a wrong one is named at the start.

    Args:
        given: run folders, model folders or names of models that come with the package; at least one.

    Raises:
        UserError: one of them is no model.
    """

    def __init__(self, given: Sequence[str]) -> None:
        self.networks: dict[str, SavedModel] = {}
        self.drawn: set[str] = set()
        """Names of the networks that were trained on drawn scenes."""
        self.autoencoders: dict[str, Autoencoder] = {}
        for model in given:
            name = self._free_name(as_text(name_of(model)))
            if is_autoencoder(model):
                self.autoencoders[name] = open_autoencoder(model)
            else:
                self.networks[name] = load_model(model)
                config = RunFolder(find_model(model)).read_config()
                if config and config.data.name == "scenes":
                    self.drawn.add(name)
        self.opened: dict[tuple[str, str], Predictor] = {}

    def _free_name(self, name: str) -> str:
        taken = self.networks.keys() | self.autoencoders.keys()
        numbered = (f"{name} ({index})" for index in range(2, len(taken) + 3))
        return name if name not in taken else next(other for other in numbered if other not in taken)

    def network(self, name: str | None) -> SavedModel:
        """The network of that name; None: the first.

        Raises:
            RefusedError: there is no such network.
        """
        if name is None and self.networks:
            return next(iter(self.networks.values()))
        if name not in self.networks:
            raise RefusedError(404, f"no such model; there are: {', '.join(self.networks) or 'none'}")
        return self.networks[name]

    def autoencoder(self, name: str) -> Autoencoder:
        """The autoencoder of that name.

        Raises:
            RefusedError: there is no such autoencoder.
        """
        if name not in self.autoencoders:
            raise RefusedError(404, f"no such autoencoder; there are: {', '.join(self.autoencoders) or 'none'}")
        return self.autoencoders[name]

    def predictor(self, name: str | None, backend: str, samples: int, size: Size) -> Predictor:
        """A predictor on the network of that name, for the worker's thread.

        Raises:
            RefusedError: there is no such network.
            UserError: the back end is not installed, or the network has no dropout to sample.
        """
        model = self.network(name)
        check_samples(model, backend, samples)
        key = name or next(iter(self.networks)), backend
        if key not in self.opened:
            if len(self.opened) >= OPENED:
                self.opened.pop(next(iter(self.opened)))
            self.opened[key] = Predictor(model, backend)
        predictor = copy.copy(self.opened[key])
        predictor.samples, predictor.size = samples, size
        return predictor


def as_text(name: str) -> str:
    """A folder's name for JSON. The name may hold bytes that are not text."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def models_to_offer(given: Sequence[str]) -> list[str]:
    """The given models, or the packaged one.

    Raises:
        UserError: no model was given, and none comes with the package.
    """
    if given:
        return list(given)
    if BUILT_IN not in packaged_models():
        raise UserError(
            "no MODEL was given and the package comes without one: train one with "
            "'segnet train --config configs/quickstart.yaml', then 'segnet demo runs/quickstart'"
        )
    return [BUILT_IN]


def is_autoencoder(model: str) -> bool:
    """Whether the settings name the shape of images. Those of a segmentation network name classes."""
    settings = read_json(find_model(model) / CONFIG, "give another model")
    return isinstance(settings, dict) and "shape" in settings


def open_autoencoder(model: str) -> Autoencoder:
    network = load_autoencoder(model)
    config = read_autoencoder_config(find_model(model))
    return Autoencoder(network, config.shape)
