"""Push a model to the Hugging Face Hub, with its card."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from segnet import hub
from segnet.errors import UserError

# Imported on first use: the import of PyTorch takes seconds.
if TYPE_CHECKING:
    from segnet.nn.saved import ModelInfo

LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def push(model: str | Path, repository: str, *, license: str = "unknown", private: bool = False) -> str:
    """Write a model's ``model.safetensors``, ``config.json`` and card to a repository of the Hugging Face Hub.

    The model is opened first, so a model that :func:`load` would refuse is not pushed. The card is ``README.md`` of the
    model folder. If there is none, a card is made from the model and its measures.

    Args:
        model: run folder, model folder, or the name of a packaged model.
        repository: ``owner/name``; created if it does not exist.
        license: licence of the weights, by the Hub's name: ``mit``, ``cc-by-nc-4.0``.
        private: make a new repository private.

    Returns:
        The address of the repository's page.

    Raises:
        UserError: the model is damaged or an autoencoder, or the Hub refuses it.
    """
    from segnet.model_card import model_card
    from segnet.model_files import CARD, CONFIG, WEIGHTS
    from segnet.nn.model_folder import find_model
    from segnet.nn.saved import load_model

    repository = repository.removeprefix(hub.SCHEME)
    name, at, _ = repository.partition("@")
    if not hub.REPOSITORY.fullmatch(name):
        raise UserError(f"{repository}: expected OWNER/NAME, such as jane/street-scenes")
    if at:
        raise UserError(f"{repository}: models are pushed to the main branch; leave out @ and the revision")
    if not LICENSE.fullmatch(license):
        raise UserError(f"--license {license}: expected the Hub's name of a licence, such as mit or cc-by-nc-4.0")
    folder, opened = find_model(model), load_model(model)
    files: dict[str, bytes | Path] = {
        CONFIG: public_settings(opened.info),
        WEIGHTS: folder / WEIGHTS,
        CARD: model_card(folder, opened, repository, license).encode(),
    }
    return hub.commit(repository, files, private)


def public_settings(info: "ModelInfo") -> bytes:
    """``config.json`` without the file of the encoder's initial weights, which others do not have and do not need."""
    content = info.model_dump(mode="json")
    if "encoder_weights" in content["arguments"]:
        content["arguments"]["encoder_weights"] = None
    return (json.dumps(content, indent=2) + "\n").encode()
