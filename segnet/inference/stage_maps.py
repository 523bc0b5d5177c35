"""The maps of a stage for a page: a few, as bytes that the page colours."""

from typing import NamedTuple

import torch
from torch import Tensor

from segnet.inference.stages import Stage

CHANNELS = 6
"""The number of feature maps that are shown of a stage, the most varied ones."""


class StageMaps(NamedTuple):
    """Maps of a stage with and without the pooling indices, uint8 ``(K, H, W)``; codes are ``(K, h, w)``.

    Attributes:
        channels: indices of the encoder's shown maps, int64 ``(K,)``.
        activation: maps of the encoder.
        codes: 0–3, as pooling keeps them.
        unpooled: input of the decoder stage.
        decoded: the most varied maps of the decoder.
        unpooled_without: ``unpooled`` without indices, on the same scale.
        decoded_without: ``decoded`` without indices, on the same scale.
        change: how much ``decoded`` changes without indices, see :meth:`Stage.change`.
    """

    channels: Tensor
    activation: Tensor
    codes: Tensor
    unpooled: Tensor
    decoded: Tensor
    unpooled_without: Tensor
    decoded_without: Tensor
    change: Tensor


def stage_maps(stage: Stage, without: Stage) -> StageMaps:
    """The maps of ``stage`` beside those of ``without``, the same stage without indices."""
    shown, decoded = most_varied(stage.activation), most_varied(stage.decoded)
    return StageMaps(
        channels=shown,
        activation=levels(stage.activation[shown]),
        codes=stage.codes[shown],
        unpooled=levels(stage.unpooled[shown]),
        decoded=levels(stage.decoded[decoded]),
        unpooled_without=levels(without.unpooled[shown], like=stage.unpooled[shown]),
        decoded_without=levels(without.decoded[decoded], like=stage.decoded[decoded]),
        change=stage.change(without),
    )


def most_varied(maps: Tensor) -> Tensor:
    """Indices of the ``CHANNELS`` maps ``(C, H, W)`` whose values vary most, ``(K,)``."""
    return maps.flatten(1).var(1).topk(min(CHANNELS, len(maps))).indices


def levels(maps: Tensor, like: Tensor | None = None) -> Tensor:
    """Magnitudes of the maps ``(K, H, W)`` as uint8: 255 is the largest one of each map, or of each map of ``like``."""
    top = (maps if like is None else like).abs().flatten(1).amax(1).clamp(min=1e-12)
    return (maps.abs() / top[:, None, None] * 255).clamp(0, 255).to(torch.uint8)
