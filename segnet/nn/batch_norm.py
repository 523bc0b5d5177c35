"""Batch norm with the statistics of all processes' batches."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm


class SumOverProcesses(torch.autograd.Function):
    """Gives every process the sum. Each process's gradient is the sum of the gradients of all."""

    @staticmethod
    def forward(_ctx: Any, own: Tensor) -> Tensor:
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> Tensor:
        return sum_over_processes(gradients[0])


def sum_over_processes(own: Tensor) -> Tensor:
    """The sum of a tensor over the processes, with its gradient."""
    total: Tensor = SumOverProcesses.apply(own)
    return total


class SharedBatchNorm(_BatchNorm):
    """Batch norm that trains with the statistics of all processes' batches together.

    PyTorch's SyncBatchNorm does this only on GPUs. Here the mean and the variance take one sum each over the processes.
    The sum is differentiable, so every process gets the gradient that one process with all samples would compute. In
    evaluation this is plain batch norm, with the same names of weights and statistics.

    Shape:
        ``(N, C, ...)`` float, to the same; the processes' batches may differ in size.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected an input of two axes or more, found {input.ndim}")

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return F.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        self._check_input_dim(input)
        x = input.float()
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [1, -1, *([1] * (x.ndim - 2))]
        own = torch.full((1,), x.numel() / x.shape[1], device=x.device)
        total = sum_over_processes(torch.cat([x.sum(axes), own]))
        count = total[-1].detach()
        mean = total[:-1] / count
        centred = x - mean.view(shape)
        variance = sum_over_processes((centred * centred).sum(axes)) / count
        self.update_statistics(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
        y = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(input.dtype)

    @torch.no_grad()
    def update_statistics(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def share_batch_norm(network: nn.Module) -> nn.Module:
    """Let every batch norm of ``network`` use the statistics of all processes, in place.

    On GPUs this is PyTorch's own layer.
    """
    if any(parameter.is_cuda for parameter in network.parameters()):
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return converted
    for name, child in network.named_children():
        setattr(network, name, shared(child) if isinstance(child, _BatchNorm) else share_batch_norm(child))
    return network


def shared(norm: _BatchNorm) -> SharedBatchNorm:
    """The same norm, with the same parameters and statistics."""
    arguments: dict[str, Any] = {"eps": norm.eps, "momentum": norm.momentum, "affine": norm.affine}
    new = SharedBatchNorm(norm.num_features, **arguments, track_running_stats=norm.track_running_stats)
    for name, parameter in norm.named_parameters(recurse=False):
        setattr(new, name, parameter)
    for name, buffer in norm.named_buffers(recurse=False):
        setattr(new, name, buffer)
    return new.train(norm.training)
