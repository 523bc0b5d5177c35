"""The cost of a network: its parameters and its arithmetic."""

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(network: nn.Module) -> int:
    """The number of trainable parameters. The running statistics of batch norm are not parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_flops(network: nn.Module, size: tuple[int, int]) -> int:
    """Count the floating-point operations of one image's forward pass; a multiply-add counts as two.

    Args:
        network: takes ``(1, 3, H, W)`` float.
        size: ``(H, W)``.
    """
    parameter = next(network.parameters())
    return count_flops_of(network, torch.zeros(1, 3, *size, device=parameter.device, dtype=parameter.dtype))


@torch.no_grad()
def count_flops_of(network: nn.Module, x: Tensor) -> int:
    """Count the floating-point operations of one forward pass of ``x``, for any network.

    It counts convolutions and matrix products, as papers do; everything else is small beside them. The network keeps
    its mode.
    """
    was_training = network.training
    network.eval()
    try:
        with FlopCounterMode(display=False) as counter:
            network(x)
    finally:
        network.train(was_training)
    return int(counter.get_total_flops())
