"""Online hard example mining: the loss counts only the pixels with a wrong or unsure prediction.

The idea comes from arXiv 1604.03540, for boxes. arXiv 1605.06885 applies it to pixels, with a threshold on the
probability, and calls it online bootstrapping. BiSeNet (arXiv 1808.00897) and others train with it.
"""

import math

import torch
from torch import Tensor


def hard_pixels(log_p: Tensor, labelled: Tensor, threshold: float, min_share: float) -> Tensor:
    """Find the hard pixels. Of the pixels with the same probability, all are hard or none is.

    Args:
        log_p: logarithm of the probability of each pixel's class, ``(N, H, W)`` float.
        labelled: ``(N, H, W)`` bool; only labelled pixels can be hard.
        threshold: pixels with at most this probability are hard.
        min_share: the least share of the labelled pixels that is hard, 0–1.

    Returns:
        ``(N, H, W)`` bool.
    """
    bound = torch.as_tensor(math.log(threshold), device=log_p.device)
    most = math.ceil(min_share * labelled.numel())
    if most:
        # The sort covers the largest possible number of pixels, and the device then looks up the one that is needed.
        # Asking the device for the number of labelled pixels would wait for it in every step.
        hardest = torch.where(labelled, log_p, torch.inf).flatten().topk(most, largest=False).values
        place = ((labelled.sum().double() * min_share).ceil().long() - 1).clamp(0, most - 1)
        bound = torch.maximum(bound, hardest.gather(0, place.reshape(1)))
    return labelled & (log_p <= bound)
