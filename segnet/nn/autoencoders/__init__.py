"""The family SegNet comes from: encoder, code, decoder."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from segnet.errors import UserError
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
    """An autoencoder for images of ``shape`` (C, H, W).

    Raises:
        UserError: an unknown name or argument.
    """
    if name not in AUTOENCODERS:
        raise UserError(f"model.name: there is no autoencoder {name!r}; allowed: {', '.join(AUTOENCODERS)}")
    try:
        return AUTOENCODERS[name](shape, **arguments)
    except (TypeError, KeyError, IndexError) as error:
        allowed = [key for key in inspect.signature(AUTOENCODERS[name]).parameters if key != "shape"]
        raise UserError(f"model: {name} cannot be built ({error}); its settings: {', '.join(allowed)}") from None
