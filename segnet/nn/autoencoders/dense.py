"""Fully connected autoencoders: one layer each way (vanilla) or several (Hinton and Salakhutdinov, 2006)."""

import itertools
import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

Activation = Literal["relu", "tanh", "sigmoid", "elu", "linear"]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "elu": nn.ELU,
    "linear": nn.Identity,
}


def dense_layers(sizes: Sequence[int], activation: Activation, last: Activation) -> nn.Sequential:
    """Linear layers from ``sizes[0]`` to ``sizes[-1]`` features, each followed by its activation.

    They have Glorot's initialisation (AISTATS 2010). With PyTorch's own, which also draws the biases, a third of the
    units of a ReLU latent are never active.
    """
    layers: list[nn.Module] = []
    for number, (inside, outside) in enumerate(itertools.pairwise(sizes), start=2):
        linear = nn.Linear(inside, outside)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, ACTIVATIONS[last if number == len(sizes) else activation]()]
    return nn.Sequential(*layers)


class DenseAutoencoder(nn.Module):
    """The image as one vector passes ever narrower layers to the latent, and the same layers back.

    Args:
        shape: (C, H, W) of the images.
        widths: features after each layer of the encoder; the last is the latent's size.
        activation: activation of the hidden layers.
        latent_activation: activation of the latent. If all three activations are linear, the latent spans what PCA
            spans (Baldi and Hornik, 1989).
        output_activation: activation of the reconstruction; sigmoid keeps it within 0–1.

    Shape:
        input ``(N, C, H, W)`` float in 0–1, latent ``(N, widths[-1])``, output as the input.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        widths: Sequence[int] = (32,),
        activation: Activation = "relu",
        latent_activation: Activation = "relu",
        output_activation: Activation = "sigmoid",
    ) -> None:
        super().__init__()
        sizes = [math.prod(shape), *widths]
        self.encoder = nn.Sequential(nn.Flatten(), *dense_layers(sizes, activation, latent_activation))
        self.decoder = nn.Sequential(*dense_layers(sizes[::-1], activation, output_activation), nn.Unflatten(1, shape))

    def encode(self, x: Tensor) -> Tensor:
        latent: Tensor = self.encoder(x)
        return latent

    def decode(self, latent: Tensor) -> Tensor:
        image: Tensor = self.decoder(latent)
        return image

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))
