"""Losses of segmentation and their sums: logits and an index mask in, one scalar out.

All losses are computed in float32, whatever the precision of the logits. Pixels labelled ``ignore_index`` do not count
and get no gradient. A batch without any labelled pixel has loss 0 instead of 0 ÷ 0. If several processes share a step,
cross entropy and focal loss are those of all samples. Dice and Lovász are not sums over pixels, so they are the mean
over the processes.

The losses of segmentation-models-pytorch 0.6 are not used, for four reasons. Its Dice and Lovász sum in the precision
of the logits, and float16 overflows at 65,504 pixels. Its Dice divides by the number of all classes although only those
in the truth count. Its Lovász gives no scalar without a labelled pixel and cannot run deterministically on CUDA. Its
focal loss is one sigmoid for each class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.config import ClassWeighted, CrossEntropyTerm, DiceTerm, FocalTerm, LossTerm, LovaszTerm, OhemTerm
from segnet.ohem import hard_pixels
from segnet.processes import mean_over_processes


@dataclass(frozen=True)
class Pixels:
    """What the losses of a step share: it is computed once from the logits and the mask.

    Attributes:
        log_p: log-softmax of the logits, ``(N, C, H, W)`` float32.
        log_p_target: ``log_p`` of each pixel's class, ``(N, H, W)`` float32; of class 0 where there is no label.
        target: class of each pixel, ``(N, H, W)`` int64; 0 where there is no label.
        labelled: whether the pixel has a label, ``(N, H, W)`` bool.
    """

    log_p: Tensor
    log_p_target: Tensor
    target: Tensor
    labelled: Tensor

    @classmethod
    def of(cls, logits: Tensor, mask: Tensor, ignore_index: int) -> "Pixels":
        labelled = mask != ignore_index
        target = torch.where(labelled, mask, 0).long()
        log_p = F.log_softmax(logits.float(), dim=1)
        # This is log-softmax and gather instead of nll_loss2d, which raises or varies on CUDA under deterministic
        # algorithms (github.com/pytorch/pytorch/issues/17350, 71367).
        return cls(log_p, log_p.gather(1, target.unsqueeze(1)).squeeze(1), target, labelled)

    @property
    def classes(self) -> int:
        return self.log_p.shape[1]


class Loss(nn.Module):
    """A loss that is a function of the softmax.

    Args:
        ignore_index: label left out.

    Shape:
        logits ``(N, C, H, W)`` float, mask ``(N, H, W)`` integer; a scalar float32.
    """

    def __init__(self, ignore_index: int) -> None:
        super().__init__()
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        return self.of(Pixels.of(logits, mask, self.ignore_index))

    def of(self, pixels: Pixels) -> Tensor:
        raise NotImplementedError


class CrossEntropy(Loss):
    """Cross entropy with class weights, ``-w[y] log p[y]`` over the labelled pixels.

    Args:
        ignore_index: label left out.
        weights: ``(C,)``, or None for equal ones.
        reduction: ``weight_sum`` divides by the sum of the pixels' weights, as PyTorch does. ``pixels`` divides by the
            number of pixels, as Caffe and so the SegNet authors do.
        label_smoothing: share of the target that is spread over all classes, 0–1 (arXiv 1512.00567, section 7).
        gamma: exponent of the focal factor ``(1 - p[y]) ** gamma`` (arXiv 1708.02002, section 3.2); 0 is plain cross
            entropy.
    """

    def __init__(
        self,
        ignore_index: int,
        weights: Tensor | None = None,
        reduction: str = "weight_sum",
        label_smoothing: float = 0.0,
        gamma: float = 0.0,
    ) -> None:
        super().__init__(ignore_index)
        self.register_buffer("weights", weights)
        self.reduction = reduction
        self.label_smoothing, self.gamma = label_smoothing, gamma

    def of(self, pixels: Pixels) -> Tensor:
        weights: Tensor | None = self.weights  # type: ignore[assignment]
        log_p, labelled = pixels.log_p, pixels.labelled
        loss = -pixels.log_p_target
        if self.gamma:
            # The clamp keeps the slope of exponents below 1 finite where p is 1.
            loss = loss * (-torch.expm1(-loss)).clamp(min=torch.finfo(torch.float32).tiny) ** self.gamma
        scale = labelled.float() if weights is None else weights[pixels.target] * labelled
        total = (loss * scale).sum()
        if self.label_smoothing:
            weighted = log_p.mean(1) if weights is None else torch.einsum("nchw,c->nhw", log_p, weights) / len(weights)
            total = (1 - self.label_smoothing) * total - self.label_smoothing * (weighted * labelled).sum()
        count = labelled.sum() if self.reduction == "pixels" else scale.sum()
        return total / mean_over_processes(count.float()).clamp(min=torch.finfo(torch.float32).tiny)


class HardCrossEntropy(Loss):
    """The mean of ``-w[y] log p[y]`` over the hard pixels of :mod:`segnet.ohem` alone; the others get no gradient.

    Each process chooses the hard pixels among those of its own batch.

    Args:
        ignore_index: label left out.
        weights: ``(C,)``, or None for equal ones.
        reduction: ``weight_sum`` divides by the sum of the hard pixels' weights, ``pixels`` by their number.
        threshold: a pixel is hard if its class gets at most this probability, 0–1.
        min_share: this share of the labelled pixels, those of the lowest probability, is always hard, 0–1.
    """

    def __init__(
        self,
        ignore_index: int,
        weights: Tensor | None = None,
        reduction: str = "weight_sum",
        threshold: float = 0.7,
        min_share: float = 1 / 16,
    ) -> None:
        super().__init__(ignore_index)
        self.register_buffer("weights", weights)
        self.reduction, self.threshold, self.min_share = reduction, threshold, min_share

    def of(self, pixels: Pixels) -> Tensor:
        weights: Tensor | None = self.weights  # type: ignore[assignment]
        hard = hard_pixels(pixels.log_p_target.detach(), pixels.labelled, self.threshold, self.min_share)
        scale = hard.float() if weights is None else weights[pixels.target] * hard
        count = hard.sum() if self.reduction == "pixels" else scale.sum()
        total = -(pixels.log_p_target * scale).sum()
        return total / mean_over_processes(count.float()).clamp(min=torch.finfo(torch.float32).tiny)


class Dice(Loss):
    """1 - Dice coefficient of softmax and truth, the mean over the classes in the truth (arXiv 1606.04797)."""

    def of(self, pixels: Pixels) -> Tensor:
        labelled, target, classes = pixels.labelled, pixels.target, pixels.classes
        # The labelled pixels are not gathered and the truth is not one-hot, since either costs as much as the softmax.
        # For one image, the sum over its pixels is the product of a matrix and a vector.
        of_truth = pixels.log_p_target.exp() * labelled
        both = of_truth.new_zeros(classes).index_add(0, target.flatten(), of_truth.flatten())
        images = zip(pixels.log_p.exp(), labelled.float(), strict=True)
        predicted = torch.stack([p.flatten(1) @ counted.flatten() for p, counted in images]).sum(0)
        truth = torch.where(labelled, target, classes).flatten().bincount(minlength=classes + 1)[:classes]
        # A class that is absent would pull its probability to 0 with the same force as the error of a whole image.
        return mean_or_zero(1 - 2 * both / (predicted + truth).clamp(min=1e-7), truth > 0)


class Lovasz(Loss):
    """Lovász-softmax: the convex surrogate of 1 - IoU, the mean over the classes in the truth (arXiv 1705.08790)."""

    def of(self, pixels: Pixels) -> Tensor:
        probabilities = pixels.log_p.permute(0, 2, 3, 1)[pixels.labelled].exp()
        target = pixels.target[pixels.labelled]
        losses = []
        for label in range(pixels.classes):
            truth = target == label
            errors, order = (truth.float() - probabilities[:, label]).abs().sort(descending=True, stable=True)
            losses.append((errors * jaccard_gradient(truth[order])).sum())
        present = torch.bincount(target, minlength=pixels.classes) > 0
        return mean_or_zero(torch.stack(losses), present)


def jaccard_gradient(truth: Tensor) -> Tensor:
    """How much 1 - IoU grows as the pixels turn wrong one by one, in order of falling error (algorithm 1 of the paper).

    Args:
        truth: ``(P,)`` bool, whether the pixel is of the class.
    """
    # Integer sums are exact for any number of pixels, and CUDA has no deterministic cumsum of floats.
    intersection = truth.sum() - truth.cumsum(0)
    union = truth.sum() + (~truth).cumsum(0)
    jaccard = 1 - intersection / union.clamp(min=1)
    return torch.cat([jaccard[:1], jaccard.diff()])


def mean_or_zero(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


class Distillation(nn.Module):
    """A network's divergence from a teacher's softened classes, the mean over the labelled pixels (arXiv 1503.02531).

    ``T² KL(softmax(teacher / T) || softmax(logits / T))``: the factor keeps its gradient as large as cross entropy's at
    any temperature (section 2).

    Args:
        ignore_index: label left out. The borders that augmentation adds have it, and there is nothing to learn there.
        temperature: T, above 0. With a higher T, classes that the teacher thinks unlikely count more.

    Shape:
        logits and teacher ``(N, C, H, W)`` float, mask ``(N, H, W)`` integer; a scalar float32.
    """

    def __init__(self, ignore_index: int, temperature: float) -> None:
        super().__init__()
        self.ignore_index, self.temperature = ignore_index, temperature

    def forward(self, logits: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
        log_p = F.log_softmax(logits.float() / self.temperature, dim=1)
        log_q = F.log_softmax(teacher.float() / self.temperature, dim=1)
        labelled = mask != self.ignore_index
        divergence = ((log_q - log_p) * log_q.exp()).sum(1) * labelled
        count = mean_over_processes(labelled.sum().float()).clamp(min=1)
        return self.temperature**2 * divergence.sum() / count


class WeightedSum(Loss):
    """A weighted sum of losses over one softmax."""

    def __init__(self, ignore_index: int, losses: Sequence[Loss], weights: Sequence[float]) -> None:
        super().__init__(ignore_index)
        self.losses, self.weights = nn.ModuleList(losses), list(weights)

    def of(self, pixels: Pixels) -> Tensor:
        losses: list[Loss] = list(self.losses)  # type: ignore[arg-type]
        terms = [weight * loss.of(pixels) for loss, weight in zip(losses, self.weights, strict=True)]
        return torch.stack(terms).sum()


def build_loss(
    terms: Sequence[LossTerm], ignore_index: int, class_weights: Callable[[ClassWeighted], Tensor | None]
) -> nn.Module:
    """The loss of a config: logits ``(N, C, H, W)`` float and mask ``(N, H, W)`` integer to a scalar float32.

    Args:
        terms: kinds and weights; at least one.
        ignore_index: label left out.
        class_weights: called with a term; gives its weights ``(C,)``, or None.
    """

    def build(term: LossTerm) -> Loss:
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

    return WeightedSum(ignore_index, [build(term) for term in terms], [term.weight for term in terms])
