"""A limit on the size of a network, since a short config file from elsewhere could ask for gigabytes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from segnet.errors import UserError

FACTORIES = frozenset((torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.arange))
"""The functions with which PyTorch's layers make their tensors."""


class Budget(TorchFunctionMode):
    """A context that stops a network with more tensors or bytes before it takes the memory.

    Args:
        tensors: the most tensors.
        size: the most bytes of all tensors together.
        name: what is built, for the message.

    Raises:
        UserError: one more tensor would exceed a limit.
    """

    def __init__(self, tensors: int, size: int, name: str) -> None:
        super().__init__()
        self.tensors, self.size, self.name = tensors, size, name

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in FACTORIES:
            outline: Tensor = func(*args, **{**kwargs, "device": "meta"})
            self.tensors -= 1
            self.size -= outline.nbytes
            if self.tensors < 0 or self.size < 0:
                raise UserError(f"{self.name} would have far more weights than are allowed; take smaller settings")
        return func(*args, **kwargs)
