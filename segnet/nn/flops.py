"""The cost of a network: its parameters and its arithmetic."""

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(network: nn.Module) -> int:
    """Trainable numbers; batch norm's running statistics are none."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_flops(network: nn.Module, size: tuple[int, int]) -> int:
    """Floating-point operations of one image's forward pass, a multiply-add counted as two.

    Args:
        network: takes ``(1, 3, H, W)`` float.
        size: ``(H, W)``.
    """
    parameter = next(network.parameters())
    return count_flops_of(network, torch.zeros(1, 3, *size, device=parameter.device, dtype=parameter.dtype))


@torch.no_grad()
def count_flops_of(network: nn.Module, x: Tensor) -> int:
    """Floating-point operations of one forward pass of ``x``, whatever the network takes.

    Counts convolutions and matrix products, as papers do; the rest is small beside them. The network
    is put back into the mode it was in.
    """
    was_training = network.training
    network.eval()
    try:
        with FlopCounterMode(display=False) as counter:
            network(x)
    finally:
        network.train(was_training)
    return int(counter.get_total_flops())
