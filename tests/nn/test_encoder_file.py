"""Encoders begin with the weights of a file, whatever its layers are called."""

from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from segnet.errors import UserError
from segnet.nn.catalogue import build_network
from segnet.nn.encoder_file import load_encoder
from segnet.nn.segnet import SegNet


def encoder() -> nn.Sequential:
    """Two convolutions of other shapes, each with batch norm."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6))


def weights(network: nn.Module, seed: int = 1) -> dict[str, Tensor]:
    """A state dict of the network's shapes with numbers of its own."""
    generator = torch.Generator().manual_seed(seed)
    state = network.state_dict()
    return {name: torch.rand(value.shape, generator=generator).to(value.dtype) for name, value in state.items()}


def without_counters(state: dict[str, Tensor]) -> list[Tensor]:
    return [value for name, value in state.items() if "num_batches" not in name]


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_are_taken_by_their_names_in_any_order(tmp_path: Path, suffix: str) -> None:
    network = encoder()
    state = dict(reversed(weights(network).items()))
    path = tmp_path / f"weights{suffix}"
    torch.save({"state_dict": state}, path) if suffix == ".pth" else safetensors.torch.save_file(state, path)
    load_encoder(network, path)
    for name, value in network.state_dict().items():
        if "num_batches" not in name:
            assert torch.equal(value, state[name])


def test_weights_of_other_names_are_taken_in_order_and_a_classifier_is_left(tmp_path: Path) -> None:
    network = encoder()
    state = {f"layer{number}": value for number, value in enumerate(weights(network).values())}
    torch.save({**state, "fc": torch.rand(10, 6)}, tmp_path / "weights.pt")
    load_encoder(network, tmp_path / "weights.pt")
    expected = [value for value in state.values() if value.ndim > 0]
    for value, theirs in zip(without_counters(network.state_dict()), expected, strict=True):
        assert torch.equal(value, theirs)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_vgg_without_batch_norm_fills_segnets_convolutions(tmp_path: Path, suffix: str) -> None:
    from torchvision.models import vgg16

    with torch.device("meta"):
        layers = vgg16().features.state_dict()
    vgg = {f"features.{name}": torch.rand(value.shape) for name, value in layers.items()}
    state = {**vgg, "head.weight": torch.rand(4, 4)}
    path = tmp_path / f"vgg{suffix}"
    torch.save(state, path) if suffix == ".pth" else safetensors.torch.save_file(state, path)
    network = build_network("segnet", 2, encoder_weights=str(path))
    assert isinstance(network, SegNet)
    convolutions = [part for part in network.encoder.modules() if isinstance(part, nn.Conv2d)]
    assert len(convolutions) == 13
    numbers = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    for convolution, number in zip(convolutions, numbers, strict=True):
        assert torch.equal(convolution.weight, vgg[f"features.{number}.weight"])
        assert convolution.bias is not None
        assert torch.equal(convolution.bias, vgg[f"features.{number}.bias"])
    norm = network.encoder[0].get_submodule("1")
    assert torch.equal(norm.state_dict()["running_var"], torch.ones(64))


def test_an_encoder_of_smp_begins_with_a_file(tmp_path: Path) -> None:
    plain = build_network("smp/Unet", 2, encoder_name="resnet18", decoder_channels=[8, 8, 8, 8, 8])
    state = weights(plain.get_submodule("model.encoder"))
    torch.save(state, tmp_path / "resnet.pth")
    path = str(tmp_path / "resnet.pth")
    network = build_network("smp/Unet", 2, encoder_name="resnet18", encoder_weights=path, decoder_channels=[8] * 5)
    own = network.get_submodule("model.encoder").state_dict()
    assert torch.equal(own["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"])
    assert torch.equal(own["bn1.running_var"], state["bn1.running_var"])


def test_mistakes_in_a_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("weights")
    (tmp_path / "text.safetensors").write_text("weights")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"first": torch.rand(9, 9)}, tmp_path / "other.pt")
    torch.save({"code": print}, tmp_path / "code.pt")
    for name, message in {
        "none.pth": "no such file",
        "text.pth": "cannot be read as weights|could run code",
        "text.safetensors": "cannot be read as weights",
        "list.pt": "is not a state dict",
        "other.pt": r"first has shape \[9, 9\], where the encoder's 0.weight has \[4, 3, 3, 3\]",
        "code.pt": "could run code",
    }.items():
        with pytest.raises(UserError, match=message) as caught:
            load_encoder(encoder(), tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)
