"""The weight average and batch norm's recomputation, by hand."""

import pytest
import torch
from torch import nn

from segnet.training.averaging import WeightAverage, recompute_batch_norm


def set_weight(network: nn.Module, value: float) -> nn.Module:
    for parameter in network.parameters():
        nn.init.constant_(parameter, value)
    return network


def test_the_average_by_hand() -> None:
    network = set_weight(nn.Linear(1, 1), 1.0)
    average = WeightAverage(network, 0.15)
    expected = 1.0
    for decay, value in ((0.1, 2.0), (0.15, 5.0), (0.15, -1.0)):  # 1/10; then 2/11 and 3/12 are above 0.15
        average.update(set_weight(network, value))
        expected = decay * expected + (1 - decay) * value
        assert average.network.state_dict()["weight"].item() == pytest.approx(expected)


def test_statistics_are_averaged_with_the_weights_and_counters_copied() -> None:
    network = nn.BatchNorm1d(1)
    average = WeightAverage(network, 0.9)
    assert network.running_mean is not None
    assert network.num_batches_tracked is not None
    network.running_mean.fill_(10.0)
    network.num_batches_tracked.fill_(7)
    average.update(network)
    assert average.network.state_dict()["running_mean"].item() == pytest.approx(0.9 * 10)
    assert average.network.state_dict()["num_batches_tracked"].item() == 7


def test_an_average_goes_on_where_it_was_saved() -> None:
    network = nn.Linear(2, 2)
    first, second = WeightAverage(network, 0.9), WeightAverage(nn.Linear(2, 2), 0.9)
    first.update(set_weight(network, 1.0))
    second.load_state_dict(first.state_dict())
    for average in (first, second):
        average.update(set_weight(network, 3.0))
    assert torch.equal(first.network.state_dict()["weight"], second.network.state_dict()["weight"])
    assert first.updates == second.updates == 2


def test_the_average_is_not_trained() -> None:
    average = WeightAverage(nn.Sequential(nn.Linear(1, 1), nn.Dropout()), 0.9)
    assert not average.network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())


def test_recomputed_statistics_are_the_mean_over_the_batches() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(3, momentum=0.3))
    network(100 + torch.randn(4, 3, 5, 5))  # statistics that must be forgotten
    batches = [torch.randn(2, 3, 4, 5) + n for n in range(4)]
    recompute_batch_norm(network, batches)
    norm = network[1]
    assert isinstance(norm, nn.BatchNorm2d)
    mean = torch.stack([batch.mean((0, 2, 3)) for batch in batches]).mean(0)
    variance = torch.stack([batch.var((0, 2, 3), correction=1) for batch in batches]).mean(0)
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, variance)
    assert norm.momentum == 0.3
    assert network.training
    assert norm.training


def test_recomputing_leaves_weights_and_networks_without_norms_alone() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).eval()
    before = [parameter.clone() for parameter in network.parameters()]
    recompute_batch_norm(network, [torch.randn(2, 1, 3, 3)])
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert not network.training
    recompute_batch_norm(nn.Conv2d(1, 1, 1), iter([]))
