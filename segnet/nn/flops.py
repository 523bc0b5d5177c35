"""What a network costs: its parameters and its arithmetic."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(network: nn.Module) -> int:
    """Trainable numbers; batch norm's running statistics are none."""
    return sum(parameter.numel() for parameter in network.parameters())


@torch.no_grad()
def count_flops(network: nn.Module, size: tuple[int, int]) -> int:
    """Floating-point operations of one image's forward pass, a multiply-add counted as two.

    Counts convolutions and matrix products, as papers do; the rest is small beside them. The network
    is put back into the mode it was in.

    Args:
        network: takes ``(1, 3, H, W)`` float.
        size: ``(H, W)``.
    """
    parameter = next(network.parameters())
    image = torch.zeros(1, 3, *size, device=parameter.device, dtype=parameter.dtype)
    was_training = network.training
    network.eval()
    try:
        with FlopCounterMode(display=False) as counter:
            network(image)
    finally:
        network.train(was_training)
    return int(counter.get_total_flops())
