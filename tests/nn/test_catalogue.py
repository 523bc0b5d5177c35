import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from segnet.errors import UserError
from segnet.nn.catalogue import NETWORKS, build_network
from segnet.nn.dropout import has_dropout
from segnet.nn.segnet import SegNet
from segnet.nn.stages import Staged, is_bayesian


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(32, 64), (37, 53)])
def test_logits_have_the_size_of_the_image(name: str, size: tuple[int, int]) -> None:
    with torch.device("meta"):
        network = build_network(name, 7)
        assert network(torch.zeros(2, 3, *size)).shape == (2, 7, *size)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_declares_its_stages_and_whether_it_is_bayesian(name: str) -> None:
    with torch.device("meta"):
        network = build_network(name, 2)
        assert isinstance(network, Staged)
        sizes = [tuple(stage(torch.zeros(2, width_of(stage), 8, 8)).shape[-2:]) for stage, _ in network.stages]
    assert len(sizes) == len(network.stages) >= 3
    assert sizes == [(8, 8)] * len(sizes)
    assert is_bayesian(network) == name.startswith("bayesian_")
    assert network.is_bayesian <= has_dropout(network)


def width_of(stage: torch.nn.Module) -> int:
    """Channels that a stage takes."""
    first = next(part for part in stage.modules() if isinstance(part, torch.nn.Conv2d))
    return first.in_channels


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_unpools_with_the_codes_of_its_stages(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module in which a network stands names both functions, so that a benchmark can put others in their place."""
    with torch.device("meta"):
        network = build_network(name, 2)
        module = sys.modules[type(network).__module__]
        calls: list[str] = []
        for function in ("max_pool_with_codes", "max_unpool_with_codes"):
            monkeypatch.setattr(module, function, counted(getattr(module, function), calls))
        network(torch.zeros(2, 3, 64, 64))
    assert isinstance(network, Staged)
    levels = len(network.stages)
    assert calls == ["max_pool_with_codes"] * levels + ["max_unpool_with_codes"] * levels


def counted(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        calls.append(function.__name__)
        return function(*arguments)

    return call


@pytest.mark.parametrize("name", ["smp/Unet", "dense"])
def test_other_networks_have_no_stages(name: str) -> None:
    network = build_network(name, 2) if name.startswith("smp/") else torch.nn.Linear(1, 1)
    assert not isinstance(network, Staged)
    assert not is_bayesian(network)


def test_arguments_reach_the_constructor() -> None:
    with torch.device("meta"):
        network = build_network("bayesian_segnet", 3, dropout=0.25)
    assert isinstance(network, SegNet)
    assert network.dropout.p == 0.25


def test_a_list_may_stand_for_a_tuple() -> None:
    assert build_network("segnet_lite", 2, widths=[4, 4, 4, 4], dilations=[1]) is not None


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("segnt", {}, r"^model\.name=segnt: no such network; did you mean segnet\?$"),
        ("SegNet", {}, r"did you mean segnet\?$"),
        ("xyz", {}, r"choose one of segnet, segnet_basic, .*smp/Unet$"),
        ("segnet", {"droput": 0.5}, r"^model\.droput: segnet has no such argument; did you mean dropout\?$"),
        ("segnet", {"num_classes": 3}, r"^model\.num_classes: segnet has no such argument"),
        ("segnet", {"name": "other"}, r"^model\.name: segnet has no such argument"),
        ("segnet_basic", {"zzz": 1}, r"^model\.zzz: segnet_basic has no such argument; choose one of dropout$"),
        ("segnet", {"dropout": "high"}, r"^model\.dropout='high': Input should be a valid number$"),
        ("segnet", {"dropout": "0.5"}, r"^model\.dropout='0.5': Input should be a valid number$"),
        ("segnet", {"dropout": True}, r"^model\.dropout=True: "),
        ("segnet", {"dropout": float("nan")}, r"^model\.dropout=nan: has to be finite$"),
        ("segnet_basic", {"dropout": 2.0}, r"^model\.name=segnet_basic cannot be built with .*between 0 and 1"),
        ("segnet", {"encoder_weights": "coco"}, r"^model\.encoder_weights=coco: give imagenet, or a file"),
        ("segnet_lite", {"widths": [1, 2]}, r"^model\.name=segnet_lite cannot be built with .*expected 4"),
        ("segnet_lite", {"widths": [8, 8, 8, "8"]}, r"^model\.widths=.*valid integer$"),
        ("segnet_lite", {"widths": "abcd"}, r"^model\.widths='abcd'"),
        ("segnet_lite", {"widths": [8, 8, 8, -8]}, r"^model\.name=segnet_lite cannot be built"),
        ("segnet_lite", {"expansion": {1, 2}}, r"^model\.expansion=.*is not plain data$"),
    ],
)
def test_mistakes_in_arguments_are_named(name: str, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        build_network(name, 2, **arguments)
    assert "\n" not in str(caught.value)
