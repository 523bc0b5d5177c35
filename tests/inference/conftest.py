"""A narrow network with seeded weights, in the form in which models are saved."""

import pytest
import torch

from segnet.config import InputConfig
from segnet.datasets.classes import CAMVID
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel

NARROW = {"widths": [8, 8, 8, 8], "depths": [1, 1], "dilations": [1, 2]}


def saved(name: str, **arguments: object) -> SavedModel:
    torch.manual_seed(0)
    network = build_network(name, 11, **arguments).eval()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            # As after training: statistics that are not 0 and 1, and no scale of zero.
            torch.nn.init.uniform_(part.running_mean, -1, 1)  # type: ignore[arg-type]
            torch.nn.init.uniform_(part.running_var, 0.5, 2)  # type: ignore[arg-type]
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
    return SavedModel(
        network,
        ModelInfo(
            name=name,
            arguments=dict(arguments),
            input=InputConfig(),
            class_names=CAMVID.names,
            class_colors=CAMVID.colors,
            ignore_index=11,
            size=(48, 64),
        ),
    )


@pytest.fixture(scope="session")
def model() -> SavedModel:
    return saved("segnet_lite", **NARROW)


@pytest.fixture(scope="session")
def bayesian_model() -> SavedModel:
    return saved("segnet_lite", **NARROW, dropout=0.5)
