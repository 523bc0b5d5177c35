"""Losses of segmentation and their sums: logits and an index mask to one number.

All are computed in float32 whatever precision the logits come in. Pixels labelled ``ignore_index`` count
nowhere and get no gradient; a batch without any labelled pixel has loss 0 instead of 0 ÷ 0. Where several processes
share a step, cross entropy and focal are those of all samples; Dice and Lovász, which are no sums over pixels, are
the mean of each process's own.

Those of segmentation-models-pytorch 0.6 are not used: its Dice and Lovász sum in the precision of the logits
(float16 overflows at 65,504 pixels), its Dice divides by the number of all classes while only those in the truth
count, its Lovász gives no scalar where no pixel is labelled and cannot run deterministically on CUDA, and its focal
loss is one sigmoid a class.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.config import ClassWeighted, CrossEntropyTerm, DiceTerm, FocalTerm, LossTerm, LovaszTerm, OhemTerm
from segnet.ohem import HardCrossEntropy
from segnet.processes import mean_over_processes


class CrossEntropy(nn.Module):
    """Cross entropy with class weights, ``-w[y] log p[y]`` over the labelled pixels.

    Args:
        ignore_index: label left out.
        weights: ``(C,)``, or None for equal ones.
        reduction: ``weight_sum`` divides by the sum of the pixels' weights as PyTorch does, ``pixels`` by their
            number as Caffe does, and so the SegNet authors.
        label_smoothing: share of the target that is spread over all classes, 0–1 (arXiv 1512.00567, section 7).
        gamma: of the focal factor ``(1 - p[y]) ** gamma`` (arXiv 1708.02002, section 3.2); 0 is plain cross entropy.

    Shape:
        logits ``(N, C, H, W)`` float, mask ``(N, H, W)`` integer; a scalar float32.
    """

    def __init__(
        self,
        ignore_index: int,
        weights: Tensor | None = None,
        reduction: str = "weight_sum",
        label_smoothing: float = 0.0,
        gamma: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.ignore_index, self.reduction = ignore_index, reduction
        self.label_smoothing, self.gamma = label_smoothing, gamma

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        weights: Tensor | None = self.weights  # type: ignore[assignment]
        target = mask.long()
        labelled = target != self.ignore_index
        target = torch.where(labelled, target, 0)
        log_p = F.log_softmax(logits.float(), dim=1)
        # Log-softmax and gather, not nll_loss2d, which on CUDA raises or varies under deterministic algorithms
        # (github.com/pytorch/pytorch/issues/17350, 71367).
        log_p_target = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
        loss = -log_p_target
        if self.gamma:
            # The clamp keeps the slope of exponents below 1 finite where p is 1.
            loss = loss * (-torch.expm1(log_p_target)).clamp(min=torch.finfo(torch.float32).tiny) ** self.gamma
        scale = labelled.float() if weights is None else weights[target] * labelled
        total = (loss * scale).sum()
        if self.label_smoothing:
            weighted = log_p.mean(1) if weights is None else torch.einsum("nchw,c->nhw", log_p, weights) / len(weights)
            total = (1 - self.label_smoothing) * total - self.label_smoothing * (weighted * labelled).sum()
        count = labelled.sum() if self.reduction == "pixels" else scale.sum()
        return total / mean_over_processes(count.float()).clamp(min=torch.finfo(torch.float32).tiny)


class Dice(nn.Module):
    """1 - Dice coefficient of softmax and truth, the mean over the classes in the batch's truth (arXiv 1606.04797)."""

    def __init__(self, ignore_index: int) -> None:
        super().__init__()
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        probabilities, classes = logits.float().softmax(1), logits.shape[1]
        labelled = mask != self.ignore_index
        target = torch.where(labelled, mask.long(), 0)
        # Neither are the labelled pixels copied together nor the truth spread over the classes: either costs as much
        # as the softmax.
        of_truth = probabilities.gather(1, target.unsqueeze(1)).squeeze(1) * labelled
        both = probabilities.new_zeros(classes).index_add(0, target.flatten(), of_truth.flatten())
        predicted = torch.einsum("nchw,nhw->c", probabilities, labelled.float())
        truth = torch.bincount(target[labelled], minlength=classes)
        # A class that is not there would pull its probability to 0 with the same force as a whole image's error.
        return mean_or_zero(1 - 2 * both / (predicted + truth).clamp(min=1e-7), truth > 0)


class Lovasz(nn.Module):
    """Lovász-softmax: the convex surrogate of 1 - IoU, mean over the classes in the truth (arXiv 1705.08790).

    Args:
        ignore_index: label left out.
    """

    def __init__(self, ignore_index: int) -> None:
        super().__init__()
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        probabilities, target = labelled_pixels(logits, mask, self.ignore_index)
        losses = []
        for index in range(logits.shape[1]):
            truth = target == index
            errors, order = (truth.float() - probabilities[:, index]).abs().sort(descending=True, stable=True)
            losses.append((errors * jaccard_gradient(truth[order])).sum())
        present = torch.bincount(target, minlength=logits.shape[1]) > 0
        return mean_or_zero(torch.stack(losses), present)


def jaccard_gradient(truth: Tensor) -> Tensor:
    """Increase of 1 - IoU as each pixel, in order of falling error, turns wrong (algorithm 1 of the paper).

    Args:
        truth: ``(P,)`` bool, whether the pixel is of the class.
    """
    # Counted in integers: exact for any number of pixels, and CUDA has no deterministic cumsum of floats.
    intersection = truth.sum() - truth.cumsum(0)
    union = truth.sum() + (~truth).cumsum(0)
    jaccard = 1 - intersection / union.clamp(min=1)
    return torch.cat([jaccard[:1], jaccard.diff()])


def labelled_pixels(logits: Tensor, mask: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Softmax ``(P, C)`` float32 and labels ``(P,)`` int64 of the labelled pixels."""
    labelled = mask != ignore_index
    probabilities = logits.float().softmax(1).permute(0, 2, 3, 1)[labelled]
    return probabilities, mask[labelled].long()


def mean_or_zero(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


class WeightedSum(nn.Module):
    """Losses with a weight each, summed."""

    def __init__(self, losses: Sequence[nn.Module], weights: Sequence[float]) -> None:
        super().__init__()
        self.losses, self.weights = nn.ModuleList(losses), list(weights)

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        terms = [weight * loss(logits, mask) for loss, weight in zip(self.losses, self.weights, strict=True)]
        return torch.stack(terms).sum()


def build_loss(
    terms: Sequence[LossTerm], ignore_index: int, class_weights: Callable[[ClassWeighted], Tensor | None]
) -> nn.Module:
    """The loss of a config: logits ``(N, C, H, W)`` float and mask ``(N, H, W)`` integer to a scalar float32.

    Args:
        terms: kinds and weights; at least one.
        ignore_index: label left out.
        class_weights: gives a term's weights ``(C,)``, or None.
    """

    def build(term: LossTerm) -> nn.Module:
        match term:
            case CrossEntropyTerm():
                return CrossEntropy(ignore_index, class_weights(term), term.reduction, term.label_smoothing)
            case FocalTerm():
                return CrossEntropy(ignore_index, class_weights(term), term.reduction, gamma=term.gamma)
            case OhemTerm():
                arguments = (class_weights(term), term.reduction, term.threshold, term.min_share)
                return HardCrossEntropy(ignore_index, *arguments)
            case DiceTerm():
                return Dice(ignore_index)
            case LovaszTerm():
                return Lovasz(ignore_index)

    return WeightedSum([build(term) for term in terms], [term.weight for term in terms])
