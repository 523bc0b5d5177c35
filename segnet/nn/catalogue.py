"""The networks by their names in configs and saved models."""

from collections.abc import Callable
from typing import Any

from torch import nn

from segnet.errors import UserError
from segnet.nn.arguments import choices, construct
from segnet.nn.segnet import SegNet
from segnet.nn.segnet_basic import SegNetBasic
from segnet.nn.segnet_lite import SegNetLite
from segnet.nn.smp import PREFIX, build_smp


def bayesian_segnet(num_classes: int, dropout: float = 0.5, encoder_weights: str | None = None) -> SegNet:
    return SegNet(num_classes, dropout, encoder_weights)


def bayesian_segnet_basic(num_classes: int, dropout: float = 0.5) -> SegNetBasic:
    return SegNetBasic(num_classes, dropout)


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "segnet": SegNet,
    "segnet_basic": SegNetBasic,
    "bayesian_segnet": bayesian_segnet,
    "bayesian_segnet_basic": bayesian_segnet_basic,
    "segnet_lite": SegNetLite,
}


def build_network(name: str, num_classes: int, /, **arguments: Any) -> nn.Module:
    """Build a network that maps float ``(N, 3, H, W)`` to logits ``(N, num_classes, H, W)``, in training mode.

    Args:
        name: a key of ``NETWORKS``, or ``smp/`` and a model of segmentation-models-pytorch, as in ``smp/Unet``.
        num_classes: at least 1.
        arguments: arguments of its constructor; plain data from a config.

    Raises:
        UserError: the name or an argument is unknown (the message has the nearest match), or a value does not fit.
    """
    if name.startswith(PREFIX):
        return build_smp(name, num_classes, arguments)
    if name not in NETWORKS:
        raise UserError(f"model.name={name}: no such network; {choices(name, [*NETWORKS, PREFIX + 'Unet'])}")
    return construct(NETWORKS[name], name, {"num_classes": num_classes}, arguments)
