"""Check a network's output for values that are not finite, before classes are made of it."""

import torch
from torch import Tensor

from segnet.errors import UserError


def check_finite(logits: Tensor, runtime: str) -> Tensor:
    """The logits; an argmax over NaN would draw the first class everywhere.

    Args:
        logits: of any shape.
        runtime: and precision that gave them, for the message.

    Raises:
        UserError: one is infinite or no number.
    """
    # A sum shows both in a fifth of the time of a look at each; a sum that overflows by itself is looked at again.
    if not torch.isfinite(logits.sum()) and not torch.isfinite(logits).all():
        raise UserError(
            f"the network gives values that are not finite ({runtime}): its weights are damaged, or too large for this "
            "precision; try --precision fp32, or an earlier checkpoint"
        )
    return logits
