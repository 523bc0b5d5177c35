"""Refuse weights with which a network can only give NaN."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from segnet.errors import UserError

EARLIER = "take the weights of an earlier checkpoint, or train again with a lower optimizer.lr or a training.clip_norm"


def check_finite(path: Path, weights: Mapping[str, Tensor], advice: str = EARLIER) -> None:
    """Refuse weights that are not finite. Their logits would be NaN, and the argmax would be class 0 everywhere.

    Args:
        path: the file that holds them, for the message.
        weights: tensors by name.
        advice: what to do.

    Raises:
        UserError: a value is infinite or NaN.
    """
    for key, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise UserError(f"{path}: {key} holds values that are not finite; {advice}")
