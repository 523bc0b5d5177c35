"""Online hard example mining: cross entropy over the pixels that the network is wrong or unsure of.

The idea is of arXiv 1604.03540, for boxes; for pixels with a threshold on the probability as in arXiv 1605.06885, where
it is called online bootstrapping. BiSeNet (arXiv 1808.00897) and others train with it.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.processes import mean_over_processes


class HardCrossEntropy(nn.Module):
    """The mean of ``-w[y] log p[y]`` over the hard pixels alone; the others get no gradient.

    Which pixels are hard is decided among those of the batch, each process for its own.

    Args:
        ignore_index: label left out.
        weights: ``(C,)``, or None for equal ones.
        reduction: ``weight_sum`` divides by the sum of the hard pixels' weights, ``pixels`` by their number.
        threshold: pixels are hard whose class is given at most this probability, 0–1.
        min_share: of the labelled pixels, those of the lowest probability are hard in any case, 0–1.

    Shape:
        logits ``(N, C, H, W)`` float, mask ``(N, H, W)`` integer; a scalar float32.
    """

    def __init__(
        self,
        ignore_index: int,
        weights: Tensor | None = None,
        reduction: str = "weight_sum",
        threshold: float = 0.7,
        min_share: float = 1 / 16,
    ) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.ignore_index, self.reduction = ignore_index, reduction
        self.threshold, self.min_share = threshold, min_share

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        weights: Tensor | None = self.weights  # type: ignore[assignment]
        labelled = mask != self.ignore_index
        target = torch.where(labelled, mask.long(), 0)
        # Log-softmax and gather for the same reason as in segnet.losses.CrossEntropy.
        log_p = F.log_softmax(logits.float(), dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
        hard = hard_pixels(log_p.detach(), labelled, self.threshold, self.min_share)
        scale = hard.float() if weights is None else weights[target] * hard
        count = hard.sum() if self.reduction == "pixels" else scale.sum()
        return -(log_p * scale).sum() / mean_over_processes(count.float()).clamp(min=torch.finfo(torch.float32).tiny)


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
