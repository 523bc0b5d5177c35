import pytest
import torch
from torch import nn

from segnet.nn.catalogue import build_network
from segnet.nn.dropout import enable_dropout, has_dropout


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("segnet_basic", {}, False),
        ("bayesian_segnet_basic", {}, True),
        ("bayesian_segnet_basic", {"dropout": 0.0}, False),
        ("segnet_lite", {}, False),
        ("segnet_lite", {"dropout": 0.1}, True),
    ],
)
def test_only_networks_that_drop_have_dropout(name: str, arguments: dict[str, float], expected: bool) -> None:
    assert has_dropout(build_network(name, 2, **arguments)) is expected


def test_samples_differ_and_batch_norm_stays() -> None:
    torch.manual_seed(0)
    network = build_network("bayesian_segnet_basic", 2).eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    image = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(network(image), network(image))
        enable_dropout(network)
        assert not torch.equal(network(image), network(image))
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert not any(part.training for part in network.modules() if isinstance(part, nn.BatchNorm2d))
