"""The optimiser of a config, in PyTorch's fused form."""

from collections.abc import Iterable

import torch
from torch import nn

from segnet.config import OptimizerConfig, SgdConfig, Stepping
from segnet.training.sharding import is_sharded


def build_optimizer(network: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """SGD with momentum as in the paper (arXiv 1511.00561, section 3.1), or AdamW."""
    groups = parameter_groups(network.parameters(), config)
    if isinstance(config, SgdConfig):
        # There is no fused form for sharded weights.
        fused = not is_sharded(network)
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, fused=fused)
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, fused=True)


def parameter_groups(parameters: Iterable[nn.Parameter], config: Stepping) -> list[dict[str, object]]:
    """One group, or two if biases and batch norm, which have one axis, do not decay."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if config.decay_norm_and_bias:
        return [{"params": trained, "weight_decay": config.weight_decay}]
    weights = [parameter for parameter in trained if parameter.ndim > 1]
    others = [parameter for parameter in trained if parameter.ndim <= 1]
    return [{"params": weights, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr
