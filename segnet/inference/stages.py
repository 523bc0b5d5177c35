"""The activations of every stage of a SegNet, and the effect of unpooling without indices."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.errors import UserError
from segnet.nn.pooling import max_pool_with_codes, max_unpool_with_codes
from segnet.nn.saved import SavedModel
from segnet.nn.stages import Staged


class Stage(NamedTuple):
    """An encoder stage and the decoder stage of the same size.

    Attributes:
        activation: output of the encoder stage, ``(C, H, W)`` float.
        codes: which of the four places of each window is the largest, ``(C, ceil(H / 2), ceil(W / 2))`` uint8.
        unpooled: input of the decoder stage, ``(C, H, W)`` float, zero but for one place in each window. If a network
            adds the encoder's features, they are not included.
        decoded: output of the decoder stage, ``(C', H, W)`` float.
    """

    activation: Tensor
    codes: Tensor
    unpooled: Tensor
    decoded: Tensor

    def change(self, without: "Stage") -> Tensor:
        """Mean change of ``decoded`` in ``without``, the stage without indices, as a share of its mean magnitude."""
        return (self.decoded - without.decoded).abs().mean() / self.decoded.abs().mean().clamp(min=1e-12)


class Stages(NamedTuple):
    """All stages, from the first (largest) to the deepest, and the resulting classes ``(H, W)`` int64."""

    stages: list[Stage]
    mask: Tensor


@torch.inference_mode()
def see_stages(model: SavedModel, image: Tensor, with_indices: bool = True) -> Stages:
    """Run one image through the network, and keep the values of each stage.

    Args:
        model: a SegNet, SegNet-Basic or SegNet-Lite, on the CPU.
        image: ``(3, H, W)`` uint8 RGB.
        with_indices: unpool as SegNet does. False: every value goes to the upper left of its window, so that only the
            indices are missing and nothing else changes.

    Raises:
        UserError: the network is of another family.
    """
    network = model.network
    if not isinstance(network, Staged):
        raise UserError(f"{model.info.name} unpools without indices; give a SegNet, SegNet-Basic or SegNet-Lite")
    pairs = network.stages
    seen: dict[tuple[str, int], Tensor] = {}
    with watching(pairs, seen, with_indices, network.add_encoder):
        logits = network(model.preprocess(image[None]))
    levels = range(len(pairs))
    stages = [
        Stage(
            seen["activation", level],
            max_pool_with_codes(seen["activation", level][None])[1][0],
            seen["unpooled", level],
            seen["decoded", level],
        )
        for level in levels
    ]
    return Stages(stages, logits[0].argmax(0))


@contextmanager
def watching(
    pairs: list[tuple[nn.Module, nn.Module]],
    seen: dict[tuple[str, int], Tensor],
    with_indices: bool,
    adds_encoder: bool,
) -> Iterator[None]:
    """While the network runs, keep each stage's values in ``seen``; without indices, change the unpooled ones."""

    def keep(what: str, level: int) -> Any:
        def hook(_module: nn.Module, _given: tuple[Tensor], output: Tensor) -> None:
            seen[what, level] = output[0]

        return hook

    def unpool(level: int) -> Any:
        def hook(_module: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
            # Zeros stay exact zeros when a number is added and subtracted.
            added = seen["activation", level] if adds_encoder else torch.zeros(())
            unpooled = given[0] - added
            if not with_indices:
                unpooled = without_indices(unpooled)
                given = (unpooled + added,)
            seen["unpooled", level] = unpooled[0]
            return given

        return hook

    with ExitStack() as hooks:
        for level, (encoder, decoder) in enumerate(pairs):
            for handle in (
                encoder.register_forward_hook(keep("activation", level)),
                decoder.register_forward_pre_hook(unpool(level)),
                decoder.register_forward_hook(keep("decoded", level)),
            ):
                hooks.callback(handle.remove)
        yield


def without_indices(unpooled: Tensor) -> Tensor:
    """Move the one value of each window ``(N, C, H, W)`` to the window's upper left."""
    # A window holds zeros and one value. If the value is positive it is the maximum, and if negative the minimum.
    values = F.max_pool2d(unpooled, 2, ceil_mode=True) - F.max_pool2d(-unpooled, 2, ceil_mode=True)
    return max_unpool_with_codes(values, torch.zeros_like(values, dtype=torch.uint8), unpooled.shape[-2:])
