"""Turn pixels into the input of a network's first layer."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn


class Preprocess(nn.Module):
    """``(pixel - mean) / std``, in RGB or BGR.

    Args:
        channels: order of the channels that the network was trained on; ``bgr`` is Caffe's.
        mean: subtracted from each channel, on the 0–255 scale, in the order of ``channels``.
        std: divides each channel, on the same scale and in the same order.

    Shape:
        input ``(N, 3, H, W)`` uint8 RGB (or float on the same scale), output ``(N, 3, H, W)`` float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: Literal["rgb", "bgr"], mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        if self.channels == "bgr":
            images = images.flip(1)
        return (images.float() - self.mean) / self.std
