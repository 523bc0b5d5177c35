"""Optimisers: one step by hand, and which parameters decay."""

import pytest
import torch
from torch import nn

from segnet.config import AdamWConfig, OptimizerConfig, SgdConfig
from segnet.training.optimizer import build_optimizer, set_lr


def one_step(config: OptimizerConfig, steps: int = 1) -> float:
    """A weight of 1 whose gradient is 2, after so many steps."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    optimizer = build_optimizer(layer, config)
    for _ in range(steps):
        layer.weight.grad = torch.full((1, 1), 2.0)
        optimizer.step()
    return layer.weight.item()


def test_sgd_by_hand() -> None:
    config = SgdConfig(name="sgd", lr=0.1, momentum=0.5, weight_decay=0.2)
    first = 1 - 0.1 * (2 + 0.2)
    assert one_step(config) == pytest.approx(first)
    assert one_step(config, 2) == pytest.approx(first - 0.1 * (0.5 * 2.2 + 2 + 0.2 * first))


def test_adamw_by_hand() -> None:
    # The first step has length lr; the decay is not part of the gradient.
    config = AdamWConfig(name="adamw", lr=0.1, weight_decay=0.2)
    assert one_step(config) == pytest.approx(1 * (1 - 0.1 * 0.2) - 0.1)


@pytest.mark.parametrize(("everything", "expected"), [(True, [(4, 0.5)]), (False, [(1, 0.5), (3, 0.0)])])
def test_norms_and_biases_decay_only_if_asked(everything: bool, expected: list[tuple[int, float]]) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    groups = build_optimizer(network, AdamWConfig(weight_decay=0.5, decay_norm_and_bias=everything)).param_groups
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == expected


def test_frozen_weights_are_left_out_and_the_rate_is_set_everywhere() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3).requires_grad_(False), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    optimizer = build_optimizer(network, AdamWConfig(decay_norm_and_bias=False))
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 4
    set_lr(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
