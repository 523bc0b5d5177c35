"""FSDP: each process keeps a part of the weights, gradients, average and optimiser state.

Between steps a weight is a ``DTensor``, of which each process has some rows. PyTorch's ``fully_shard`` gathers the rows
of a block while the block computes. For measuring and saving, weights are gathered too, into plain tensors of a plain
network. A checkpoint therefore does not depend on the number of processes or the strategy that wrote it.
"""

import copy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

BLOCK_WEIGHTS = 1_000_000
"""A module with at least so many weights is gathered alone. The weights outside such modules are gathered for the whole
step."""

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def shard(network: AnyModule, mesh: DeviceMesh) -> AnyModule:
    """Leave each process of ``mesh`` its part of the weights of ``network``, in place."""
    processes = mesh["data_parallel"]
    for block in blocks(network):
        fully_shard(block, mesh=processes)
    fully_shard(network, mesh=processes)
    return network


def blocks(module: nn.Module) -> list[nn.Module]:
    """The innermost modules of at least ``BLOCK_WEIGHTS`` that are certainly called as modules.

    Weights are gathered when a module is called. A container may be iterated over instead, and a layer outside a
    container may only hold weights for another module (``nn.MultiheadAttention.out_proj``). Neither is a block.
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
    """This process's part of a tensor, in the same memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def share(value: Any, like: object) -> Any:
    """This process's part of a whole tensor if ``like`` is sharded, without communication."""
    if isinstance(value, Tensor) and isinstance(like, DTensor) and value.shape == like.shape:
        whole = value.to(like.device).contiguous()
        return distribute_tensor(whole, like.device_mesh, like.placements, src_data_rank=None)
    return value


def share_moment(value: Any, weight: Tensor) -> Any:
    """The same for an optimiser's moment of a weight, in the weight's memory order, on which fused kernels rely."""
    if not isinstance(value, Tensor) or value.shape != weight.shape or isinstance(weight, DTensor):
        return share(value, weight)
    return torch.empty_like(weight, dtype=value.dtype, device=value.device).copy_(value)


def share_state(state: dict[str, Any], network: nn.Module) -> dict[str, Any]:
    """A whole ``state_dict`` in the form that ``network`` can load."""
    parts = network.state_dict()
    return {name: share(value, parts.get(name)) for name, value in state.items()}


def share_optimizer_state(state: dict[str, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """The same for an optimiser, which numbers the weights of its groups.

    ``fused`` stays as in ``groups``, because it depends on whether weights are sharded.
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

    Every process takes part. Processes that do not ``keep`` get None for sharded tensors.
    """
    if isinstance(value, dict):
        return {key: gathered(item, keep) for key, item in value.items()}
    if isinstance(value, DTensor):
        # Tensors are gathered one by one and leave the device at once, because together they might not fit there.
        whole = value.full_tensor()
        return whole.cpu() if keep else None
    return value


class Outline:
    """A network without its weights, to be filled with those of sharded networks.

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
