"""What the stages see: the network's own numbers, and values moved where the indices are taken away."""

import pytest
import torch
from torch import Tensor

from segnet.config import InputConfig
from segnet.errors import UserError
from segnet.inference.stages import see_stages, without_indices
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel

LITE = {"widths": (8, 8, 12, 16), "depths": (1, 1), "dilations": (1,)}


def model(name: str, **arguments: object) -> SavedModel:
    torch.manual_seed(0)
    network = build_network(name, 3, **arguments).eval()
    return SavedModel(
        network,
        ModelInfo(
            name=name,
            arguments={},
            input=InputConfig(),
            class_names=("a", "b", "c"),
            class_colors=((0, 0, 0),) * 3,
            ignore_index=255,
            size=(30, 44),
        ),
    )


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.randint(0, 256, (3, 30, 44), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


@pytest.mark.parametrize(
    ("name", "arguments", "levels"),
    [("segnet_basic", {}, 4), ("segnet_lite", LITE, 3), ("segnet_lite", LITE | {"add_encoder": True}, 3)],
)
def test_stages_are_what_the_network_computes(
    name: str, arguments: dict[str, object], levels: int, image: Tensor
) -> None:
    net = model(name, **arguments)
    seen = see_stages(net, image)
    assert len(seen.stages) == levels
    with torch.inference_mode():
        logits = net.network(net.preprocess(image[None]))
    assert torch.equal(seen.mask, logits[0].argmax(0))
    for stage in seen.stages:
        # Written out with PyTorch's own pooling and its flat indices.
        pooled, indices = torch.nn.functional.max_pool2d(stage.activation[None], 2, ceil_mode=True, return_indices=True)
        rows, columns = indices[0] // stage.activation.shape[-1], indices[0] % stage.activation.shape[-1]
        assert torch.equal(stage.codes, (rows % 2 * 2 + columns % 2).byte())
        # One place a window, and that is the place of the code.
        assert stage.unpooled.shape == stage.activation.shape
        elsewhere = torch.ones_like(stage.unpooled).flatten(1).scatter(1, indices[0].flatten(1), 0)
        assert not (stage.unpooled.flatten(1) * elsewhere).any()
        assert pooled.shape[1:] == stage.codes.shape
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.network.modules())


def test_without_indices_values_keep_their_sign_and_move_to_the_upper_left() -> None:
    unpooled = torch.tensor([[[[0.0, -2, 5], [0, 0, 0], [3, 0, 0]]]])
    expected = torch.tensor([[[[-2.0, 0, 5], [0, 0, 0], [3, 0, 0]]]])
    assert torch.equal(without_indices(unpooled), expected)


@pytest.mark.parametrize("add_encoder", [False, True])
def test_the_deepest_values_are_the_same_without_indices_but_for_their_places(add_encoder: bool, image: Tensor) -> None:
    net = model("segnet_lite", **LITE, add_encoder=add_encoder)
    seen, without = see_stages(net, image), see_stages(net, image, with_indices=False)
    deepest, moved = seen.stages[-1], without.stages[-1]
    assert torch.equal(deepest.activation, moved.activation)
    assert torch.equal(deepest.codes, moved.codes)
    assert torch.allclose(deepest.unpooled.sum((1, 2)), moved.unpooled.sum((1, 2)), atol=1e-4)
    assert not torch.equal(deepest.unpooled, moved.unpooled)
    assert not moved.unpooled[:, 1::2].any()
    assert not moved.unpooled[:, :, 1::2].any()


def test_a_network_without_codes_is_named(image: Tensor) -> None:
    other = model("segnet_lite", **LITE)
    other = SavedModel(torch.nn.Conv2d(3, 3, 1), other.info.model_copy(update={"name": "smp/Unet"}))
    with pytest.raises(UserError, match="smp/Unet unpools without indices"):
        see_stages(other, image)
