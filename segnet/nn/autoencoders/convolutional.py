"""Convolutional autoencoders: a plain one with a latent, and one with SegNet's own body and its pooling codes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from segnet.nn.catalogue import build_network


class ConvolutionalAutoencoder(nn.Module):
    """Strided convolutions down, enlargement and convolutions up.

    The decoder repeats pixels and convolves. Transposed convolutions would leave a checkerboard (Odena et al.,
    distill.pub, 2016).

    Args:
        shape: (C, H, W) of the images.
        widths: channels after each halving of height and width.
        latent_size: size of the latent, with one linear layer before it and one after it. None: the last feature map is
            the latent, and images may have any size.

    Shape:
        input ``(N, C, H, W)`` float in 0–1, latent ``(N, latent_size)`` or ``(N, widths[-1], H / 2**n, W / 2**n)``,
        output as the input.
    """

    def __init__(
        self, shape: tuple[int, int, int], widths: Sequence[int] = (16, 32), latent_size: int | None = 32
    ) -> None:
        super().__init__()
        channels, height, width = shape
        sizes = [(height, width)]
        for _ in widths:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        narrow = (widths[-1], *sizes[-1])
        every = [channels, *widths]
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for inside, outside, size in zip(every, widths, sizes, strict=False):
            down += [nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.ReLU(inplace=True)]
            enlarge = nn.Upsample(scale_factor=2) if latent_size is None else nn.Upsample(size=size)
            up = [enlarge, nn.Conv2d(outside, inside, 3, padding=1), nn.ReLU(inplace=True), *up]
        up[-1] = nn.Sigmoid()
        if latent_size is None:
            down[-1] = nn.Identity()
        else:
            numbers = narrow[0] * narrow[1] * narrow[2]
            down += [nn.Flatten(), nn.Linear(numbers, latent_size)]
            up = [nn.Linear(latent_size, numbers), nn.ReLU(inplace=True), nn.Unflatten(1, narrow), *up]
        self.encoder = nn.Sequential(*down)
        self.decoder = nn.Sequential(*up)

    def encode(self, x: Tensor) -> Tensor:
        latent: Tensor = self.encoder(x)
        return latent

    def decode(self, latent: Tensor) -> Tensor:
        image: Tensor = self.decoder(latent)
        return image

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class PoolingIndexAutoencoder(nn.Module):
    """A segmentation network of the catalogue that reconstructs its input instead of giving classes.

    Its latent is the deepest feature map and the pooling codes of every stage, with which the decoder unpools (arXiv
    1511.00561, section 3). The codes alone say where the edges are, so this is no narrow bottleneck. It is meant for
    denoising, for inpainting, and for starting a segmentation network from images without labels.

    Args:
        shape: (C, H, W) of the images; a grey image is seen as RGB with three equal channels.
        body: the network's name in the catalogue.
        arguments: arguments of the body's constructor.

    Shape:
        input ``(N, C, H, W)`` float in 0–1, output as the input.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, shape: tuple[int, int, int], body: str = "segnet_lite", arguments: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.body = build_network(body, shape[0], **(arguments or {}))
        # These are ImageNet's, so the body sees the input that it will see when it segments.
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        image: Tensor = self.body((x.expand(-1, 3, -1, -1) - self.mean) / self.std).sigmoid()
        return image
