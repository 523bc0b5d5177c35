"""The narrow network as a folder, as the command line wants it."""

from pathlib import Path

import pytest

from segnet.nn.saved import SavedModel, save_model


@pytest.fixture(scope="session")
def model_folder(model: SavedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, model)
    return folder


@pytest.fixture(scope="session")
def bayesian_folder(bayesian_model: SavedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bayesian")
    save_model(folder, bayesian_model)
    return folder
