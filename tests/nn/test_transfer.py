"""Weights pass from an autoencoder to segmentation, and from a smaller network to one that grows from it."""

from pathlib import Path

import pytest
import torch
from torch import nn

from segnet.config import InputConfig
from segnet.errors import UserError
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import save_autoencoder
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel, save_model
from segnet.nn.transfer import start_from

LITE = {"widths": [4, 8, 8, 8], "depths": [1, 1], "dilations": [1]}


def test_the_autoencoder_gives_all_weights_but_the_head(tmp_path: Path) -> None:
    arguments = {"body": "segnet_lite", "arguments": LITE}
    autoencoder = build_autoencoder("pooling_index_autoencoder", (3, 32, 32), **arguments)
    autoencoder(torch.rand(2, 3, 32, 32))  # moves batch norm's statistics
    save_autoencoder(tmp_path, autoencoder, "pooling_index_autoencoder", (3, 32, 32), arguments)
    network = build_network("segnet_lite", 11, **LITE)
    head = network.state_dict()["head.weight"].clone()
    copied = start_from(network, tmp_path)
    own, theirs = network.state_dict(), autoencoder.state_dict()
    assert set(own) - set(copied) == {"head.weight", "head.bias"}
    assert torch.equal(own["head.weight"], head)
    for name in copied:
        assert torch.equal(own[name], theirs[f"body.{name}"])
    assert own["stem.1.running_mean"].any()


def test_a_model_of_other_parts_is_refused(tmp_path: Path) -> None:
    save_autoencoder(tmp_path, build_autoencoder("dense_autoencoder", (1, 4, 4)), "dense_autoencoder", (1, 4, 4), {})
    with pytest.raises(UserError, match="none of its weights fit"):
        start_from(build_network("segnet_lite", 11, **LITE), tmp_path)


def test_a_wider_and_deeper_network_begins_as_the_function_of_the_smaller(tmp_path: Path) -> None:
    small = build_network("segnet_lite", 11, **{**LITE, "widths": [4, 6, 8, 10]}, add_encoder=True)
    small(torch.randn(4, 3, 32, 32))  # moves batch norm's statistics
    save(small, tmp_path)
    arguments = {"widths": [6, 8, 12, 10], "depths": [2, 3], "dilations": [1, 2], "decoder_depths": [1, 2]}
    large = build_network("segnet_lite", 11, **arguments, refinements=1, add_encoder=True)
    start_from(large, tmp_path)
    images = torch.randn(2, 3, 48, 40)
    torch.testing.assert_close(large.eval()(images), small.eval()(images), atol=1e-5, rtol=1e-4)


def test_new_parts_of_a_grown_network_learn(tmp_path: Path) -> None:
    save(build_network("segnet_lite", 11, **LITE), tmp_path)
    large = build_network("segnet_lite", 11, **{**LITE, "widths": [6, 8, 8, 8]})
    start_from(large, tmp_path)
    large(torch.randn(2, 3, 32, 32)).square().mean().backward()
    gradient = large.get_parameter("head.weight").grad
    assert gradient is not None
    assert gradient[:, 4:].abs().min() > 0


def test_the_head_for_more_classes_stays_as_it_was(tmp_path: Path) -> None:
    save(build_network("segnet_lite", 3, **LITE), tmp_path)
    network = build_network("segnet_lite", 11, **LITE)
    head = network.get_parameter("head.weight").clone()
    assert "head.weight" not in start_from(network, tmp_path)
    assert torch.equal(network.get_parameter("head.weight"), head)


def test_a_narrower_network_takes_nothing_that_does_not_fit(tmp_path: Path) -> None:
    save(build_network("segnet_lite", 11, **{**LITE, "widths": [6, 8, 8, 8]}), tmp_path)
    copied = start_from(build_network("segnet_lite", 11, **LITE), tmp_path)
    assert "stem.0.weight" not in copied
    assert "middle.0.body.0.weight" in copied


def save(network: nn.Module, folder: Path) -> None:
    names = tuple(map(str, range(network.get_parameter("head.weight").shape[0])))
    info = ModelInfo(
        name="segnet_lite",
        arguments={},
        input=InputConfig(),
        class_names=names,
        class_colors=((0, 0, 0),) * len(names),
        ignore_index=255,
        size=(32, 32),
    )
    save_model(folder, SavedModel(network, info))
