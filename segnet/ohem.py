"""Online hard example mining: the pixels with a wrong or unsure prediction.

The idea comes from arXiv 1604.03540, for boxes. arXiv 1605.06885 applies it to pixels, with a threshold on the
probability, and calls it online bootstrapping. BiSeNet (arXiv 1808.00897) and others train with it.
"""

import math

import torch
from torch import Tensor


def hard_pixels(log_p: Tensor, labelled: Tensor, threshold: float, min_share: float) -> Tensor:
    """Which pixels are hard; of pixels with the same probability all are, or none.

    Args:
        log_p: logarithm of the probability of each pixel's class, ``(N, H, W)`` float.
        labelled: ``(N, H, W)`` bool; no other pixel is hard.
        threshold: of the probability.
        min_share: of the labelled pixels that are hard at least, 0–1.

    Returns:
        ``(N, H, W)`` bool.
    """
    bound = torch.as_tensor(math.log(threshold), device=log_p.device)
    most = math.ceil(min_share * labelled.numel())
    if most:
        # As many as could be needed are sorted, and the one that is needed looked up on the device: asking it for the
        # number of labelled pixels would wait for it in each step.
        hardest = torch.where(labelled, log_p, torch.inf).flatten().topk(most, largest=False).values
        place = ((labelled.sum().double() * min_share).ceil().long() - 1).clamp(0, most - 1)
        bound = torch.maximum(bound, hardest.gather(0, place.reshape(1)))
    return labelled & (log_p <= bound)
