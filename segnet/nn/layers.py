"""Layers that several networks share."""

from torch import nn


def conv_bn(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution and batch norm, ``(N, C, H, W)``. The convolution has no bias, since batch norm would remove it."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def he_initialise(module: nn.Module) -> None:
    """Caffe's ``msra``: normal with variance 2 / fan-in (arXiv 1502.01852, section 2.2), biases zero."""
    if isinstance(module, nn.Conv2d) and not module.weight.is_meta:  # to fill those, PyTorch loads its compiler for 2 s
        nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
