import torch
from torch import nn

from segnet.nn.catalogue import build_network
from segnet.nn.flops import count_flops, count_parameters


def test_the_cost_of_one_convolution_matches_a_count_by_hand() -> None:
    network = nn.Conv2d(3, 8, 3, padding=1)
    assert count_parameters(network) == 3 * 8 * 9 + 8
    assert count_flops(network, (10, 12)) == 2 * 3 * 8 * 9 * 10 * 12


def test_segnet_basic_by_hand() -> None:
    """7×7 convolutions: one from three channels and one from 64 at full size, two each at 1/2, 1/4 and 1/8."""
    encoder = 49 * 64 * (3 * 64 * 48 + 64 * 32 * 24 + 64 * 16 * 12 + 64 * 8 * 6)
    decoder = 49 * 64 * 64 * (8 * 6 + 16 * 12 + 32 * 24 + 64 * 48)
    head = 64 * 11 * 64 * 48
    with torch.device("meta"):
        network = build_network("segnet_basic", 11)
    assert count_flops(network, (48, 64)) == 2 * (encoder + decoder + head)


def test_mode_and_statistics_stay() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    count_flops(network, (4, 4))
    assert network.training
    assert network.state_dict()["1.num_batches_tracked"] == 0
    network.eval()
    count_flops(network, (4, 4))
    assert not network.training
