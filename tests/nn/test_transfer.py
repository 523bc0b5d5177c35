"""Weights pass from an autoencoder to segmentation wherever name and shape agree."""

from pathlib import Path

import pytest
import torch

from segnet.errors import UserError
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import save_autoencoder
from segnet.nn.catalogue import build_network
from segnet.nn.transfer import start_from

LITE = {"widths": [4, 8, 8, 8], "depths": [1, 1], "dilations": [1]}


def test_all_but_the_head_comes_from_the_autoencoder(tmp_path: Path) -> None:
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
