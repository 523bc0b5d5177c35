"""Stacked autoencoders: layers learned one after the other, then a classifier (Bengio et al., NIPS 2006)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class StackedAutoencoder(nn.Module):
    """Dense layers that can each reconstruct what they are given, and a softmax layer on top.

    Args:
        shape: (C, H, W) of the images.
        num_classes: of the layer on top.
        widths: numbers after each layer.

    Shape:
        input ``(N, C, H, W)`` float in 0–1, logits ``(N, num_classes)``.
    """

    def __init__(self, shape: tuple[int, int, int], num_classes: int, widths: Sequence[int] = (256, 128, 64)) -> None:
        super().__init__()
        sizes = [math.prod(shape), *widths]
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        self.encoders = nn.ModuleList(nn.Linear(inside, outside) for inside, outside in pairs)
        self.decoders = nn.ModuleList(nn.Linear(outside, inside) for inside, outside in pairs)
        self.head = nn.Linear(sizes[-1], num_classes)

    def encode(self, x: Tensor, layers: int | None = None) -> Tensor:
        """Features ``(N, widths[layers - 1])`` after the first ``layers`` layers; None: after all."""
        features = x.flatten(1)
        for encoder in self.encoders[:layers]:
            features = encoder(features).relu()
        return features

    def layer_error(self, x: Tensor, layer: int) -> Tensor:
        """Mean squared error of ``layer`` (from 0) as an autoencoder of the features below it, which stay as they are."""
        with torch.no_grad():
            below = self.encode(x, layer)
        restored = self.decoders[layer](self.encoders[layer](below).relu())
        # The first layer's features are pixels, the others' are what a ReLU gave.
        restored = restored.sigmoid() if layer == 0 else restored.relu()
        return nn.functional.mse_loss(restored, below)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.encode(x))
        return logits
