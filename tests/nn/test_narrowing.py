"""A cut network keeps the channels that count: what it computes is checked against the wide network."""

import pytest
import torch
from torch import nn

from segnet.nn.catalogue import build_network
from segnet.nn.narrowing import channel_importance, is_wider, narrow, tied_channels
from segnet.nn.segnet_lite import SegNetLite

WIDE = {"widths": [6, 9, 12, 10], "depths": [1, 2], "dilations": [1, 2], "decoder_depths": [1, 2], "refinements": 1}
NARROW = {**WIDE, "widths": [4, 6, 12, 7]}


@pytest.mark.parametrize("add_encoder", [False, True])
def test_channels_without_effect_are_cut_without_a_change(add_encoder: bool) -> None:
    wide, small = lite(WIDE, add_encoder), lite(NARROW, add_encoder)
    silence(wide, small)
    images = torch.randn(2, 3, 48, 40)
    narrow(small, wide, [wide(images).square().mean()])
    torch.testing.assert_close(small(images), wide(images), atol=1e-5, rtol=1e-4)


def test_a_stage_that_keeps_its_width_is_cut_with_the_stage_before() -> None:
    wide = lite({**WIDE, "widths": [6, 9, 9, 9]})
    small = lite({**WIDE, "widths": [6, 5, 5, 5]})
    assert is_wider(wide, small)
    silence(wide, small)
    images = torch.randn(2, 3, 48, 40)
    narrow(small, wide, [wide(images).square().mean()])
    torch.testing.assert_close(small(images), wide(images), atol=1e-5, rtol=1e-4)


def test_importance_is_the_squared_first_order_change_of_the_loss() -> None:
    norm = nn.BatchNorm2d(2).eval()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([3.0, 1.0]))
        norm.bias.copy_(torch.tensor([1.0, -1.0]))
    image = torch.tensor([2.0, 5.0]).reshape(1, 2, 1, 1)
    network = nn.Sequential(norm)
    importance = channel_importance(network, (network(image)[0, :, 0, 0] @ torch.tensor([1.0, 2.0]) for _ in range(2)))
    # The loss is (3·2 + 1) + 2 (1·5 - 1); each channel's part of it is 7 and 8, and two batches add up.
    torch.testing.assert_close(importance[norm], torch.tensor([2 * 7.0**2, 2 * 8.0**2]), rtol=1e-4, atol=0)


def test_every_channel_belongs_to_one_group() -> None:
    network = lite(WIDE)
    norms = [norm for tied in tied_channels(network) for _, norm in tied.writers]
    assert len(norms) == len(set(norms)) == sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    for tied in tied_channels(network):
        assert {norm.num_features for _, norm in tied.writers} == {reader.in_channels for reader in tied.readers}


@pytest.mark.parametrize(
    "other",
    [WIDE, {**NARROW, "widths": [4, 6, 12, 11]}, {**NARROW, "depths": [1, 1]}],
    ids=["as wide", "wider in one place", "with fewer blocks"],
)
def test_only_a_network_of_the_same_blocks_that_is_nowhere_narrower_is_wider(other: dict[str, object]) -> None:
    assert is_wider(lite(WIDE), lite(NARROW))
    assert not is_wider(lite(WIDE), lite(other))
    assert not is_wider(build_network("segnet_basic", 3), lite(NARROW))


def lite(arguments: dict[str, object], add_encoder: bool = True) -> SegNetLite:
    """A network in evaluation mode whose residuals do something."""
    network = build_network("segnet_lite", 3, **arguments, add_encoder=add_encoder)
    assert isinstance(network, SegNetLite)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return network.eval()


@torch.no_grad()
def silence(wide: SegNetLite, small: SegNetLite) -> None:
    """Let random channels of ``wide`` be zero, so many that ``small`` has room for the others."""
    for tied, wanted in zip(tied_channels(wide), tied_channels(small), strict=True):
        silent = torch.randperm(tied.channels)[wanted.channels :]
        for _, norm in tied.writers:
            norm.weight[silent] = 0
            norm.bias[silent] = 0
