"""The variational autoencoder, whose latent is a distribution (Kingma and Welling, arXiv 1312.6114)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from segnet.nn.autoencoders.dense import Activation, dense_layers


class Variational(NamedTuple):
    """A reconstruction (N, C, H, W) in 0–1 and its latent's distribution: mean and log σ², (N, latent_size)."""

    reconstruction: Tensor
    mean: Tensor
    log_variance: Tensor


class VariationalAutoencoder(nn.Module):
    """Dense encoder to μ and log σ², a draw from that normal distribution, dense decoder.

    Args:
        shape: (C, H, W) of the images.
        widths: features after each hidden layer of the encoder; the decoder has them in reverse order.
        latent_size: size of the latent.
        activation: activation of the hidden layers.

    Shape:
        input ``(N, C, H, W)`` float in 0–1, output :class:`Variational`.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        widths: Sequence[int] = (256, 128),
        latent_size: int = 2,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        sizes = [math.prod(shape), *widths]
        self.encoder = nn.Sequential(nn.Flatten(), *dense_layers(sizes, activation, activation))
        self.mean = nn.Linear(sizes[-1], latent_size)
        self.log_variance = nn.Linear(sizes[-1], latent_size)
        self.decoder = nn.Sequential(
            *dense_layers([latent_size, *sizes[::-1]], activation, "sigmoid"), nn.Unflatten(1, shape)
        )

    def distribution(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ², each (N, latent_size)."""
        features = self.encoder(x)
        return self.mean(features), self.log_variance(features)

    def encode(self, x: Tensor) -> Tensor:
        """The mean μ, ``(N, latent_size)``, for uses that need one latent for each image."""
        return self.distribution(x)[0]

    def decode(self, latent: Tensor) -> Tensor:
        image: Tensor = self.decoder(latent)
        return image

    def forward(self, x: Tensor) -> Variational:
        mean, log_variance = self.distribution(x)
        # The draw is written as a function of μ and σ, so that gradients reach both (section 2.4).
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return Variational(self.decode(latent), mean, log_variance)


def negative_elbo_terms(output: Variational, image: Tensor) -> tuple[Tensor, Tensor]:
    """The two terms of the negative evidence lower bound, in nats an image, means over the batch.

    Returns:
        The reconstruction's cross entropy, summed over pixels (pixels taken as probabilities), and the divergence
        KL(N(μ, σ²) ‖ N(0, 1)), summed over the latent (appendix B).
    """
    n = len(image)
    # Autocast is off: logarithms of half-precision numbers are too coarse, and PyTorch refuses them.
    with torch.autocast(image.device.type, enabled=False):
        reconstruction = nn.functional.binary_cross_entropy(output.reconstruction.float(), image, reduction="sum") / n
        mean, log_variance = output.mean.float(), output.log_variance.float()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum() / n
    return reconstruction, divergence
