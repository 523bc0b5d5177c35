from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from segnet.errors import UserError
from segnet.nn import segnet
from segnet.nn.dropout import enable_dropout
from segnet.nn.flops import count_parameters
from segnet.nn.segnet import SegNet


def sizes_of(network: nn.Module, stages: nn.Module, image: Tensor) -> list[tuple[int, ...]]:
    """(C, H, W) of what each stage gives."""
    sizes: list[tuple[int, ...]] = []
    for stage in stages.children():
        stage.register_forward_hook(lambda _, __, output: sizes.append(tuple(output.shape[1:])))
    with torch.no_grad():
        network(image)
    return sizes


def test_segnet_has_the_parameters_counted_by_hand() -> None:
    """Convolutions of 3×3 with biases, two numbers a channel of batch norm, and the head, added up by hand."""
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    widths += [512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64]
    layers = sum(9 * a * b + b + 2 * b for a, b in pairwise(widths))
    assert count_parameters(SegNet(11)) == layers + 9 * 64 * 11 + 11 == 29_449_355
    assert count_parameters(SegNet(11, dropout=0.5)) == 29_449_355


def test_stages_at_camvids_size() -> None:
    """On no memory and in no time: meta tensors have shapes alone."""
    with torch.device("meta"):
        network = SegNet(11).eval()
        image = torch.zeros(1, 3, 360, 480)
    assert sizes_of(network, network.encoder, image) == [
        (64, 360, 480),
        (128, 180, 240),
        (256, 90, 120),
        (512, 45, 60),
        (512, 23, 30),
    ]
    assert sizes_of(network, network.decoder, image) == [
        (512, 23, 30),
        (256, 45, 60),
        (128, 90, 120),
        (64, 180, 240),
        (64, 360, 480),
    ]
    assert network(image).shape == (1, 11, 360, 480)


def test_stages_at_an_odd_size() -> None:
    network = SegNet(5).eval()
    image = torch.randn(1, 3, 37, 53)
    encoder = [(64, 37, 53), (128, 19, 27), (256, 10, 14), (512, 5, 7), (512, 3, 4)]
    assert sizes_of(network, network.encoder, image) == encoder
    decoder = sizes_of(network, network.decoder, image)
    assert [size[1:] for size in decoder] == [size[1:] for size in reversed(encoder)]
    assert network(image).shape == (1, 5, 37, 53)


def test_an_image_of_one_pixel_gets_classes() -> None:
    with torch.no_grad():
        assert SegNet(2).eval()(torch.randn(1, 3, 1, 1)).shape == (1, 2, 1, 1)


def test_every_stage_has_the_convolutions_of_vgg16() -> None:
    network = SegNet(11)
    for stage, convolutions in zip([*network.encoder, *network.decoder], [2, 2, 3, 3, 3, 3, 3, 3, 2, 1], strict=True):
        assert [type(layer) for layer in stage.children()] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * convolutions


def test_convolutions_begin_with_he_initialisation() -> None:
    torch.manual_seed(0)
    convolution = SegNet(11).get_submodule("encoder.3.3")
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.weight.std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.01)
    assert convolution.bias is not None
    assert convolution.bias.count_nonzero() == 0


def test_places_of_the_dropouts() -> None:
    """After poolings 3, 4, 5 and decoder stages 5, 4, 3, on single elements."""
    network = SegNet(4, dropout=0.5).eval()
    enable_dropout(network)
    events: list[str | tuple[int, ...]] = []
    for number, stage in enumerate(network.encoder, 1):
        stage.register_forward_hook(lambda *_, name=f"encoder {number}": events.append(name))
    for number, stage in zip((5, 4, 3, 2, 1), network.decoder, strict=True):
        stage.register_forward_hook(lambda *_, name=f"decoder {number}": events.append(name))
    network.dropout.register_forward_hook(lambda _, inputs, __: events.append(tuple(inputs[0].shape[1:])))
    with torch.no_grad():
        network(torch.randn(1, 3, 32, 64))
    assert events == [
        "encoder 1",
        "encoder 2",
        *("encoder 3", (256, 4, 8)),
        *("encoder 4", (512, 2, 4)),
        *("encoder 5", (512, 1, 2)),
        *("decoder 5", (512, 2, 4)),
        *("decoder 4", (256, 4, 8)),
        *("decoder 3", (128, 8, 16)),
        "decoder 2",
        "decoder 1",
    ]
    assert type(network.dropout) is nn.Dropout
    assert network.dropout.p == 0.5


def test_imagenet_weights_come_into_the_encoder_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models import VGG16_BN_Weights, vgg16_bn

    with torch.random.fork_rng():
        features = {f"features.{key}": value for key, value in vgg16_bn().features.state_dict().items()}
    # The published file has no counts of batches, but a classifier.
    published = {key: value for key, value in features.items() if not key.endswith("num_batches_tracked")}
    published["classifier.0.weight"] = torch.zeros(1)
    monkeypatch.setattr(VGG16_BN_Weights, "get_state_dict", lambda *_, **__: published)
    network = SegNet(3, encoder_weights="imagenet")
    encoder = network.encoder.state_dict()
    assert torch.equal(encoder["0.0.weight"], published["features.0.weight"])
    assert torch.equal(encoder["0.1.running_var"], published["features.1.running_var"])
    assert torch.equal(encoder["4.6.weight"], published["features.40.weight"])
    assert torch.equal(encoder["4.7.bias"], published["features.41.bias"])


def test_imagenet_weights_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models import VGG16_BN_Weights

    def fail(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(VGG16_BN_Weights, "get_state_dict", fail)
    with pytest.raises(UserError, match=r"^model.encoder_weights=imagenet: cannot get .*no route to host.*null$"):
        segnet.load_imagenet_encoder(nn.Module())
