import pytest
import torch
from torch import nn

from segnet.nn.flops import count_parameters
from segnet.nn.segnet_lite import DepthwiseConv, InvertedResidual, SegNetLite


def test_segnet_lite_keeps_its_number_of_parameters() -> None:
    assert count_parameters(SegNetLite(11)) == 915_179


@pytest.mark.parametrize("size", [(64, 96), (37, 53), (3, 2), (1, 1)])
def test_logits_have_the_size_of_the_image(size: tuple[int, int]) -> None:
    with torch.no_grad():
        assert SegNetLite(11).eval()(torch.randn(2, 3, *size)).shape == (2, 11, *size)


def test_stages_halve_and_double() -> None:
    network = SegNetLite(11).eval()
    sizes: dict[str, tuple[int, ...]] = {}
    for name, part in network.named_children():
        part.register_forward_hook(lambda _, __, output, name=name: sizes.update({name: tuple(output.shape[1:])}))
    with torch.no_grad():
        network(torch.randn(1, 3, 37, 53))
    assert sizes["stem"] == sizes["encoder1"] == sizes["decoder1"] == (32, 19, 27)
    assert sizes["encoder2"] == sizes["decoder2"] == (64, 10, 14)
    assert sizes["encoder3"] == sizes["decoder3"] == (96, 5, 7)
    assert sizes["middle"] == (128, 3, 4)
    assert sizes["project3"] == (96, 3, 4)


def test_gradient_reaches_every_parameter() -> None:
    torch.manual_seed(0)
    network = SegNetLite(3)
    for part in network.modules():
        # These start at zero, which keeps the gradient from what is before them for one step.
        if isinstance(part, InvertedResidual):
            last = part.body[-1]
            assert isinstance(last, nn.BatchNorm2d)
            nn.init.ones_(last.weight)
    network(torch.randn(2, 3, 64, 64)).square().sum().backward()
    reached = {
        name: parameter.grad is not None and bool(parameter.grad.any())
        for name, parameter in network.named_parameters()
    }
    assert [name for name, is_reached in reached.items() if not is_reached] == []


def test_a_new_block_passes_its_input_on() -> None:
    network = SegNetLite(3)
    block = network.middle[-1]
    assert isinstance(block, InvertedResidual)
    x = torch.randn(1, 128, 4, 4)
    assert torch.equal(block(x), x)


def test_widths_depths_and_dilations_are_arguments() -> None:
    network = SegNetLite(2, widths=[4, 6, 8, 10], depths=[0, 1], dilations=[1, 3], expansion=2, dropout=0.1)
    with torch.no_grad():
        assert network.eval()(torch.randn(1, 3, 32, 32)).shape == (1, 2, 32, 32)
    convolutions = [part for part in network.middle.modules() if isinstance(part, nn.Conv2d) and part.groups > 1]
    assert [(part.in_channels, part.dilation) for part in convolutions] == [(20, (1, 1)), (20, (3, 3))]


def test_the_encoders_features_are_added_to_what_is_unpooled() -> None:
    x, encoded = torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[3.0, 8.0, 5.0], [4.0, 7.0, 6.0]]]])
    # The upper right of the first window, the lower left of the next.
    codes = torch.tensor([[[[1, 2]]]], dtype=torch.uint8)
    plain, adding = SegNetLite(2), SegNetLite(2, add_encoder=True)
    assert plain.unpool(x, codes, encoded).tolist() == [[[[0, 1, 0], [0, 0, 2]]]]
    assert adding.unpool(x, codes, encoded).tolist() == [[[[3, 9, 5], [4, 7, 8]]]]
    assert count_parameters(plain) == count_parameters(adding)


@pytest.mark.parametrize("dilation", [1, 2, 3, 8])
@pytest.mark.parametrize("size", [(16, 24), (22, 30), (5, 7), (1, 2)])
def test_a_dilated_depthwise_convolution_trains_as_pytorchs(dilation: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    ours = DepthwiseConv(4, dilation)
    theirs = nn.Conv2d(4, 4, 3, padding=dilation, dilation=dilation, groups=4, bias=False)
    theirs.load_state_dict(ours.state_dict())
    image, gradient = torch.randn(2, 4, *size), torch.randn(2, 4, *size)
    inputs = [image.clone().requires_grad_() for _ in range(2)]
    outputs = [convolution(x) for convolution, x in zip((ours, theirs), inputs, strict=True)]
    for output in outputs:
        output.backward(gradient)
    torch.testing.assert_close(outputs[0], outputs[1])
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, atol=1e-4, rtol=1e-4)


def test_more_blocks_and_refinements_keep_what_the_network_computes() -> None:
    torch.manual_seed(0)
    plain = SegNetLite(2, widths=[4, 6, 8, 10])
    more = SegNetLite(2, widths=[4, 6, 8, 10], depths=[2, 3], decoder_depths=[2, 2], refinements=2)
    more.load_state_dict(plain.state_dict(), strict=False)
    x = torch.randn(1, 3, 37, 53)
    torch.testing.assert_close(more.eval()(x), plain.eval()(x))
