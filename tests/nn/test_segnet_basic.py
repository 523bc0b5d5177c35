import pytest
import torch
from torch import nn

from segnet.nn.dropout import enable_dropout
from segnet.nn.flops import count_parameters
from segnet.nn.segnet_basic import SegNetBasic


def test_segnet_basic_has_the_parameters_counted_by_hand() -> None:
    convolutions = 49 * 3 * 64 + 64 + 7 * (49 * 64 * 64 + 64)
    assert count_parameters(SegNetBasic(11)) == convolutions + 8 * 2 * 64 + 64 * 11 + 11 == 1_416_587


@pytest.mark.parametrize(
    ("size", "encoder"),
    [
        ((360, 480), [(360, 480), (180, 240), (90, 120), (45, 60)]),
        ((37, 53), [(37, 53), (19, 27), (10, 14), (5, 7)]),
        ((1, 1), [(1, 1)] * 4),
    ],
)
def test_decoder_stages_mirror_the_encoders_sizes(size: tuple[int, int], encoder: list[tuple[int, int]]) -> None:
    with torch.device("meta"):
        network = SegNetBasic(11).eval()
        image = torch.zeros(1, 3, *size)
    sizes: list[tuple[int, ...]] = []
    for stage in [*network.encoder, *network.decoder]:
        stage.register_forward_hook(lambda _, __, output: sizes.append(tuple(output.shape)))
    assert network(image).shape == (1, 11, *size)
    assert sizes == [(1, 64, *at) for at in encoder] + [(1, 64, *at) for at in reversed(encoder)]


def test_the_encoder_has_relu_and_the_decoder_has_none() -> None:
    network = SegNetBasic(11)
    for stage in network.encoder:
        assert [type(layer) for layer in stage.children()] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    for stage in network.decoder:
        assert [type(layer) for layer in stage.children()] == [nn.Conv2d, nn.BatchNorm2d]


def test_the_input_is_normalised_over_its_channels() -> None:
    """Caffe's LRN by hand: five channels around each, of which three are there."""
    image = torch.tensor([10.0, 200, 30]).view(1, 3, 1, 1)
    scale = (1 + 1e-4 / 5 * (10**2 + 200**2 + 30**2)) ** 0.75
    assert torch.allclose(SegNetBasic(2).normalise(image), image / scale)


def test_places_of_the_dropouts() -> None:
    """After poolings 3 and 4 and decoder stages 4 and 3."""
    network = SegNetBasic(4, dropout=0.5).eval()
    enable_dropout(network)
    events: list[str | tuple[int, ...]] = []
    for number, stage in enumerate(network.encoder, 1):
        stage.register_forward_hook(lambda *_, name=f"encoder {number}": events.append(name))
    for number, stage in zip((4, 3, 2, 1), network.decoder, strict=True):
        stage.register_forward_hook(lambda *_, name=f"decoder {number}": events.append(name))
    network.dropout.register_forward_hook(lambda _, inputs, __: events.append(tuple(inputs[0].shape[1:])))
    with torch.no_grad():
        network(torch.randn(1, 3, 32, 64))
    assert events == [
        "encoder 1",
        "encoder 2",
        *("encoder 3", (64, 4, 8)),
        *("encoder 4", (64, 2, 4)),
        *("decoder 4", (64, 4, 8)),
        *("decoder 3", (64, 8, 16)),
        "decoder 2",
        "decoder 1",
    ]
    assert type(network.dropout) is nn.Dropout
