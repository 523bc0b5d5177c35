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
        activation: what the encoder stage gives, ``(C, H, W)`` float.
        codes: which of the four places of each window is the largest, ``(C, ceil(H / 2), ceil(W / 2))`` uint8.
        unpooled: what the decoder stage is given, ``(C, H, W)`` float, zero but for a place a window; where a network
            adds the encoder's features, without them.
        decoded: what the decoder stage makes of it, ``(C', H, W)`` float.
    """

    activation: Tensor
    codes: Tensor
    unpooled: Tensor
    decoded: Tensor

    def change(self, without: "Stage") -> Tensor:
        """Mean change of ``decoded`` in ``without``, the stage without indices, as a share of its mean magnitude."""
        return (self.decoded - without.decoded).abs().mean() / self.decoded.abs().mean().clamp(min=1e-12)


class Stages(NamedTuple):
    """All stages, from the first (largest) to the deepest, and the classes ``(H, W)`` int64 that come out."""

    stages: list[Stage]
    mask: Tensor


@torch.inference_mode()
def see_stages(model: SavedModel, image: Tensor, with_indices: bool = True) -> Stages:
    """One image through the network, keeping what each stage sees.

    Args:
        model: a SegNet, SegNet-Basic or SegNet-Lite, on the CPU.
        image: ``(3, H, W)`` uint8 RGB.
        with_indices: unpool as SegNet does; otherwise every value goes to the upper left of its window, whatever
            place it came from, so that only the indices are missing and nothing else changes.

    Raises:
        UserError: a network of another family.
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
    """Keep what passes the stages in ``seen`` while the network runs; without indices, change what is unpooled."""

    def keep(what: str, level: int) -> Any:
        def hook(_module: nn.Module, _given: tuple[Tensor], output: Tensor) -> None:
            seen[what, level] = output[0]

        return hook

    def unpool(level: int) -> Any:
        def hook(_module: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
            # Zeros to which a number was added and from which it is taken again are exact zeros.
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
    """Each window's one value ``(N, C, H, W)`` moved to the window's upper left."""
    # A window holds one value of either sign and zeros: it is the largest or the smallest of them, and the other is 0.
    values = F.max_pool2d(unpooled, 2, ceil_mode=True) - F.max_pool2d(-unpooled, 2, ceil_mode=True)
    return max_unpool_with_codes(values, torch.zeros_like(values, dtype=torch.uint8), unpooled.shape[-2:])
