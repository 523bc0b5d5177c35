"""The plain PyTorch way, for comparison: the same networks with PyTorch's own pooling and its int64 indices."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Unpool = Callable[[Tensor, Tensor, Sequence[int]], Tensor]


def pool(x: Tensor) -> tuple[Tensor, Tensor]:
    pooled, indices = F.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)
    return pooled, indices


def unpool(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    return F.max_unpool2d(x, indices, (2, 2), (2, 2), output_size=list(size))


def unpool_by_scatter(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """What people write instead of max_unpool2d to export it."""
    height, width = size
    placed = torch.zeros(*x.shape[:2], height * width).scatter(2, indices.flatten(2), x.flatten(2))
    return placed.view(*x.shape[:2], height, width)


@contextmanager
def plain_pooling(network: nn.Module, unpool: Unpool = unpool) -> Iterator[None]:
    """A context in which ``network`` pools and unpools with int64 indices.

    A network that does not pool with codes stays as it is.
    """
    module = sys.modules[type(network).__module__]
    if hasattr(module, "max_pool_with_codes"):
        with mock.patch.multiple(module, max_pool_with_codes=pool, max_unpool_with_codes=unpool):
            yield
    else:
        yield


class Plain(nn.Module):
    """``network`` with int64 indices."""

    def __init__(self, network: nn.Module, unpool: Unpool = unpool) -> None:
        super().__init__()
        self.network, self.unpool = network, unpool

    def forward(self, x: Tensor) -> Tensor:
        with plain_pooling(self.network, self.unpool):
            logits: Tensor = self.network(x)
        return logits
