"""The measured networks have random weights, because speed does not depend on their values."""

from torch import nn

from segnet.config import InputConfig
from segnet.datasets.classes import CAMVID
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel


def untrained(name: str, size: tuple[int, int]) -> SavedModel:
    """A model of ``name`` for CamVid's classes. smp/Unet has a ResNet-34 as encoder.

    Raises:
        UserError: no such network.
    """
    network: nn.Module = build_network(name, len(CAMVID))
    return SavedModel(
        network.eval(),
        ModelInfo(
            name=name,
            arguments={},
            input=InputConfig(),
            class_names=CAMVID.names,
            class_colors=CAMVID.colors,
            ignore_index=CAMVID.ignore_index,
            size=size,
        ),
    )
