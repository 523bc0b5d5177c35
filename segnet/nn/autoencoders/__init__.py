"""The networks that SegNet descends from: encoder, latent, decoder."""

from collections.abc import Callable
from typing import Any

from torch import nn

from segnet.errors import UserError
from segnet.nn.arguments import choices, construct
from segnet.nn.autoencoders.convolutional import ConvolutionalAutoencoder, PoolingIndexAutoencoder
from segnet.nn.autoencoders.dense import DenseAutoencoder
from segnet.nn.autoencoders.stacked import StackedAutoencoder
from segnet.nn.autoencoders.variational import VariationalAutoencoder

AUTOENCODERS: dict[str, Callable[..., nn.Module]] = {
    "dense_autoencoder": DenseAutoencoder,
    "convolutional_autoencoder": ConvolutionalAutoencoder,
    "pooling_index_autoencoder": PoolingIndexAutoencoder,
    "variational_autoencoder": VariationalAutoencoder,
    "stacked_autoencoder": StackedAutoencoder,
}


def build_autoencoder(name: str, shape: tuple[int, int, int], **arguments: Any) -> nn.Module:
    """Build an autoencoder for images of ``shape`` (C, H, W), in training mode.

    Args:
        name: a key of ``AUTOENCODERS``.
        shape: of the images.
        arguments: arguments of its constructor; plain data from a config.

    Raises:
        UserError: the name or an argument is unknown (the message has the nearest match), or a value does not fit.
    """
    if name not in AUTOENCODERS:
        raise UserError(f"model.name={name}: no such autoencoder; {choices(name, AUTOENCODERS)}")
    return construct(AUTOENCODERS[name], name, {"shape": shape}, arguments)
