"""FSDP: each process keeps a part of the weights, of their gradients, average and optimiser state.

Between steps a weight is a ``DTensor``, of which each process has some rows; PyTorch's ``fully_shard`` brings the rows
of a block together while it computes. What is measured or written is brought together as well, to plain tensors of a
plain network, so that a checkpoint does not depend on how many processes wrote it, or in which way.
"""

import copy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

BLOCK_WEIGHTS = 1_000_000
"""Weights that are worth a gathering of their own; what lies in no block is gathered for the whole step."""

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def shard(network: AnyModule, mesh: DeviceMesh) -> AnyModule:
    """Leave to each process of ``mesh`` its part of the weights of ``network``, in place."""
    processes = mesh["data_parallel"]
    for block in blocks(network):
        fully_shard(block, mesh=processes)
    fully_shard(network, mesh=processes)
    return network


def blocks(module: nn.Module) -> list[nn.Module]:
    """The innermost modules of at least ``BLOCK_WEIGHTS`` that are sure to be called as modules.

    Weights are brought together where a module is called. A container may be gone through by hand, and a layer that
    is no container's may be a name for its weights (``nn.MultiheadAttention.out_proj``); neither is a block.
    """
    found: list[nn.Module] = []
    for child in module.children():
        inner = blocks(child)
        called = not isinstance(child, CONTAINERS) and (isinstance(module, CONTAINERS) or any(child.children()))
        if inner:
            found += inner
        elif called and sum(weight.numel() for weight in child.parameters()) >= BLOCK_WEIGHTS:
            found.append(child)
    return found


def is_sharded(network: nn.Module) -> bool:
    return any(isinstance(weight, DTensor) for weight in network.parameters())


def own_part(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor, in the same memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def share(value: Any, like: object) -> Any:
    """The part for this process of a whole tensor, where ``like`` is in parts; without asking the others."""
    if isinstance(value, Tensor) and isinstance(like, DTensor) and value.shape == like.shape:
        whole = value.to(like.device).contiguous()
        return distribute_tensor(whole, like.device_mesh, like.placements, src_data_rank=None)
    return value


def share_moment(value: Any, weight: Tensor) -> Any:
    """The same of what an optimiser keeps of a weight, in the weight's order in memory, which fused kernels rely on."""
    if not isinstance(value, Tensor) or value.shape != weight.shape or isinstance(weight, DTensor):
        return share(value, weight)
    return torch.empty_like(weight, dtype=value.dtype, device=value.device).copy_(value)


def share_state(state: dict[str, Any], network: nn.Module) -> dict[str, Any]:
    """A whole ``state_dict`` as one that ``network`` can load."""
    parts = network.state_dict()
    return {name: share(value, parts.get(name)) for name, value in state.items()}


def share_optimizer_state(state: dict[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """The same of an optimiser, which numbers the weights of its groups; ``fused`` stays that of ``groups``.

    It depends on whether weights are in parts.
    """
    weights = [weight for group in groups for weight in group["params"]]
    numbered = {
        index: {name: share_moment(value, weights[index]) for name, value in values.items()}
        for index, values in state["state"].items()
    }
    pairs = zip(groups, state["param_groups"], strict=True)
    return {"state": numbered, "param_groups": [{**theirs, "fused": ours["fused"]} for ours, theirs in pairs]}


def gathered(value: Any, keep: bool) -> Any:
    """``value`` with each tensor in it whole.

    Every process takes part; those that do not ``keep`` get None for what was in parts.
    """
    if isinstance(value, dict):
        return {key: gathered(item, keep) for key, item in value.items()}
    if isinstance(value, DTensor):
        # One by one, and off the device at once: together they might not fit there.
        whole = value.full_tensor()
        return whole.cpu() if keep else None
    return value


class Outline:
    """A network without its weights, to be filled with those of networks in parts.

    Args:
        network: not yet sharded.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network)
        empty = {name: weight.detach().to("meta") for name, weight in self.network.named_parameters()}
        self.network.load_state_dict(empty, strict=False, assign=True)

    def filled(self, sharded: nn.Module) -> nn.Module:
        """The plain network with the weights and statistics of ``sharded``; every process takes part and gets one."""
        network = copy.deepcopy(self.network)
        state = {
            name: value.full_tensor() if isinstance(value, DTensor) else value
            for name, value in sharded.state_dict().items()
        }
        network.load_state_dict(state, assign=True)
        return network
