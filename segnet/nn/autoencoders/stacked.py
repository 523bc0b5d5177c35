"""Stacked autoencoders: layers learned one after the other, then a classifier (Bengio et al., NIPS 2006)."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class LayerOutput(NamedTuple):
    """The input of one layer and its reconstruction, both (N, features)."""

    given: Tensor
    restored: Tensor


class StackedAutoencoder(nn.Module):
    """Dense layers that can each reconstruct their input, and a softmax layer on top.

    Args:
        shape: (C, H, W) of the images.
        num_classes: classes of the layer on top.
        widths: features after each layer.

    Attributes:
        layer: the layer (from 0) that ``forward`` uses as an autoencoder of the features below it; None: ``forward``
            classifies.

    Shape:
        input ``(N, C, H, W)`` float in 0–1, output logits ``(N, num_classes)`` or :class:`LayerOutput`.
    """

    def __init__(
        self, shape: tuple[int, int, int], num_classes: int = 10, widths: Sequence[int] = (256, 128, 64)
    ) -> None:
        super().__init__()
        sizes = [math.prod(shape), *widths]
        pairs = list(itertools.pairwise(sizes))
        self.encoders = nn.ModuleList(nn.Linear(inside, outside) for inside, outside in pairs)
        self.decoders = nn.ModuleList(nn.Linear(outside, inside) for inside, outside in pairs)
        self.head = nn.Linear(sizes[-1], num_classes)
        self.layer: int | None = None

    def encode(self, x: Tensor, layers: int | None = None) -> Tensor:
        """Features ``(N, widths[layers - 1])`` after the first ``layers`` layers; None: after all."""
        features = x.flatten(1)
        for index in range(len(self.encoders) if layers is None else layers):
            features = self.encoders[index](features).relu()
        return features

    def decode(self, latent: Tensor) -> Tensor:
        """Pixels ``(N, C * H * W)`` of a latent ``(N, widths[-1])``, through all layers' decoders."""
        for decoder in reversed(list(self.decoders)[1:]):
            latent = decoder(latent).relu()
        pixels: Tensor = self.decoders[0](latent).sigmoid()
        return pixels

    def reconstruct_layer(self, x: Tensor, layer: int) -> LayerOutput:
        """Use ``layer`` as an autoencoder. The layers below it get no gradient."""
        with torch.no_grad():
            given = self.encode(x, layer)
        restored = self.decoders[layer](self.encoders[layer](given).relu())
        # The input of the first layer is pixels; that of the others comes from a ReLU.
        return LayerOutput(given, restored.sigmoid() if layer == 0 else restored.relu())

    def forward(self, x: Tensor) -> Tensor | LayerOutput:
        if self.layer is not None:
            return self.reconstruct_layer(x, self.layer)
        logits: Tensor = self.head(self.encode(x))
        return logits
