"""Autoencoders have the shapes they say, the variational bound its formula, and stacked layers learn one at a time."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from segnet.errors import UserError
from segnet.nn.autoencoders import AUTOENCODERS, build_autoencoder
from segnet.nn.autoencoders.dense import DenseAutoencoder
from segnet.nn.autoencoders.saved import load_autoencoder, save_autoencoder
from segnet.nn.autoencoders.stacked import LayerOutput, StackedAutoencoder
from segnet.nn.autoencoders.variational import Variational, VariationalAutoencoder, negative_elbo_terms

LITE = {"widths": [4, 8, 8, 8], "depths": [1, 1], "dilations": [1]}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("dense_autoencoder", {"widths": [12, 5]}),
    ("convolutional_autoencoder", {"widths": [4, 6], "latent_size": 5}),
    ("convolutional_autoencoder", {"widths": [4, 6], "latent_size": None}),
    ("pooling_index_autoencoder", {"arguments": LITE}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 20)])
def test_a_reconstruction_has_the_images_shape_and_range(
    name: str, arguments: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    image = torch.rand(3, *shape)
    restored = build_autoencoder(name, shape, **arguments)(image)
    assert restored.shape == image.shape
    assert restored.min() >= 0
    assert restored.max() <= 1
    assert restored.requires_grad


def test_the_convolutional_latent_fits_odd_sizes() -> None:
    network = build_autoencoder("convolutional_autoencoder", (1, 29, 31), widths=[4, 6, 8], latent_size=7)
    image = torch.rand(2, 1, 29, 31)
    assert network.encode(image).shape == (2, 7)  # type: ignore[operator]
    assert network(image).shape == image.shape


def test_the_vanilla_autoencoder_is_784_32_784() -> None:
    network = DenseAutoencoder((1, 28, 28), widths=[32])
    assert sum(weight.numel() for weight in network.parameters()) == 784 * 32 + 32 + 32 * 784 + 784
    latent = network.encode(torch.rand(5, 1, 28, 28))
    assert latent.shape == (5, 32)
    assert (latent >= 0).all()


def test_widths_go_down_and_back_the_same_way() -> None:
    network = DenseAutoencoder((1, 28, 28), widths=[128, 64, 32, 10])
    shapes = [tuple(weight.shape) for weight in network.parameters() if weight.ndim == 2]
    sizes = [784, 128, 64, 32, 10, 32, 64, 128, 784]
    assert shapes == [(after, before) for before, after in pairwise(sizes)]


def test_a_dense_autoencoder_is_its_formula() -> None:
    network = DenseAutoencoder((1, 2, 2), widths=[3], activation="tanh", latent_activation="tanh")
    w1, b1, w2, b2 = network.parameters()
    x = torch.rand(6, 1, 2, 2)
    expected = torch.sigmoid(torch.tanh(x.view(6, 4) @ w1.T + b1) @ w2.T + b2).view(6, 1, 2, 2)
    torch.testing.assert_close(network(x), expected)


def test_elbo_terms_are_those_of_torch_distributions() -> None:
    image, mean, log_variance = torch.rand(4, 1, 3, 5), torch.randn(4, 2), torch.randn(4, 2)
    reconstruction = torch.rand(4, 1, 3, 5)
    terms = negative_elbo_terms(Variational(reconstruction, mean, log_variance), image)
    likelihood = Bernoulli(reconstruction, validate_args=False).log_prob(image).sum() / 4
    divergence = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum() / 4
    torch.testing.assert_close(terms, (-likelihood, divergence))


def test_the_draw_has_the_encoders_mean_and_spread_and_passes_gradients_to_both() -> None:
    torch.manual_seed(0)
    network = VariationalAutoencoder((1, 2, 2), widths=[4], latent_size=2)
    drawn = []
    network.decoder.register_forward_pre_hook(lambda _, inputs: drawn.append(inputs[0]))
    x = torch.rand(1, 1, 2, 2).expand(20_000, -1, -1, -1)
    output = network(x)
    torch.testing.assert_close(drawn[0].mean(0), output.mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(drawn[0].std(0), (0.5 * output.log_variance[0]).exp(), atol=0.05, rtol=0.05)
    output.reconstruction.sum().backward()
    assert network.mean.weight.grad is not None
    assert network.log_variance.weight.grad is not None
    torch.testing.assert_close(network.encode(x[:1]), output.mean[:1])


def test_a_stacked_layer_learns_alone() -> None:
    network = StackedAutoencoder((1, 4, 4), num_classes=3, widths=[8, 5])
    image = torch.rand(6, 1, 4, 4)
    assert network(image).shape == (6, 3)
    network.layer = 1
    output = network(image)
    assert isinstance(output, LayerOutput)
    assert output.given.shape == output.restored.shape == (6, 8)
    torch.testing.assert_close(output.given, network.encode(image, 1))
    (output.restored - output.given).square().mean().backward()
    learned = {name for name, weight in network.named_parameters() if weight.grad is not None}
    assert learned == {"encoders.1.weight", "encoders.1.bias", "decoders.1.weight", "decoders.1.bias"}
    assert network.decode(network.encode(image)).shape == (6, 16)


def test_unknown_names_and_settings_are_named() -> None:
    with pytest.raises(UserError, match="did you mean dense_autoencoder"):
        build_autoencoder("dense_autoencoders", (1, 8, 8))
    with pytest.raises(UserError, match=r"model.width: .*did you mean widths"):
        build_autoencoder("dense_autoencoder", (1, 8, 8), width=[3])
    with pytest.raises(UserError, match="activation"):
        build_autoencoder("dense_autoencoder", (1, 8, 8), activation="gelu")


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_a_saved_autoencoder_is_the_same_when_loaded(name: str, tmp_path: Path) -> None:
    network = build_autoencoder(name, (1, 16, 16)).eval()
    save_autoencoder(tmp_path, network, name, (1, 16, 16), {})
    loaded = load_autoencoder(tmp_path)
    assert not loaded.training
    torch.testing.assert_close(loaded.state_dict(), network.state_dict())


def test_a_folder_that_holds_no_autoencoder_is_refused(tmp_path: Path) -> None:
    network = build_autoencoder("dense_autoencoder", (1, 4, 4))
    save_autoencoder(tmp_path, network, "dense_autoencoder", (1, 4, 4), {})
    (tmp_path / "config.json").write_text('{"name": "segnet"}')
    with pytest.raises(UserError, match="not the settings of an autoencoder"):
        load_autoencoder(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="is not JSON"):
        load_autoencoder(tmp_path)
