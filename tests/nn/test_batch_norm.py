"""Shared batch norm is plain batch norm over what all processes hold."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

from segnet.nn.batch_norm import SharedBatchNorm, share_batch_norm, shared


def inputs() -> torch.Tensor:
    return torch.randn(5, 3, 4, 6, generator=torch.Generator().manual_seed(0)) * 3 + 10


def plain() -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(3)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
        norm.bias.copy_(torch.tensor([0.1, 0.2, 0.3]))
    return norm


def loss(y: torch.Tensor) -> torch.Tensor:
    """Depends on each place differently, so that no gradient is 0 by symmetry."""
    return (y * y.detach().sin()).sum()


def one_of_two(rank: int, store: Path, results: Any) -> None:
    """A process with three or two of the five samples."""
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    norm = shared(plain())
    x = inputs()[:3].clone() if rank == 0 else inputs()[3:].clone()
    x.requires_grad_()
    y = norm(x)
    loss(y).backward()
    assert x.grad is not None
    assert norm.weight.grad is not None
    dist.all_reduce(norm.weight.grad)
    found = (y.detach(), x.grad, norm.weight.grad, norm.running_mean, norm.running_var)
    # As lists: tensors would be handed over through shared memory that ends with this process.
    results.put((rank, [tensor.tolist() for tensor in found if tensor is not None]))
    dist.destroy_process_group()


def test_two_processes_normalise_as_one_with_all_samples(tmp_path: Path) -> None:
    # Forking is quicker, but after a backward pass on a machine with a GPU autograd refuses it.
    context: Any = multiprocessing.get_context("spawn" if torch.cuda.is_available() else "fork")
    results = context.Queue()
    processes = [context.Process(target=one_of_two, args=(rank, tmp_path / "store", results)) for rank in (0, 1)]
    for process in processes:
        process.start()
    (_, first), (_, second) = sorted(results.get(timeout=100) for _ in processes)
    for process in processes:
        process.join()
    norm, x = plain(), inputs().requires_grad_()
    y = norm(x)
    loss(y).backward()
    assert x.grad is not None
    for number, whole in enumerate((y.detach(), x.grad)):
        both = torch.cat([torch.tensor(first[number]), torch.tensor(second[number])])
        torch.testing.assert_close(both, whole, rtol=1e-4, atol=1e-4)
    for number, whole in enumerate((norm.weight.grad, norm.running_mean, norm.running_var), start=2):
        assert first[number] == second[number]
        torch.testing.assert_close(torch.tensor(first[number]), whole, rtol=1e-4, atol=1e-4)


def test_a_network_keeps_its_weights_names_and_mode() -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(plain(), nn.ReLU()))
    network(inputs())
    network.eval()
    before, expected = network.state_dict(), network(inputs())
    share_batch_norm(network)
    assert isinstance(network.get_submodule("1.0"), SharedBatchNorm)
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(network(inputs()), expected)


@pytest.mark.parametrize("count", [1, 7])
def test_a_count_alone_is_itself(count: int) -> None:
    from segnet.processes import mean_over_processes

    assert mean_over_processes(torch.tensor(float(count))) == count
