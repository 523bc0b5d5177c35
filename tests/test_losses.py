"""Losses against numbers worked out by hand, PyTorch's own and slow ones written out."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.config import CrossEntropyTerm, DiceTerm, FocalTerm, LossTerm, LovaszTerm, OhemTerm
from segnet.losses import CrossEntropy, Dice, Distillation, HardCrossEntropy, Lovasz, build_loss

IGNORED = 11
ALL_LOSSES = [
    CrossEntropy(IGNORED),
    CrossEntropy(IGNORED, torch.linspace(0.5, 2, 5), "pixels", label_smoothing=0.1),
    CrossEntropy(IGNORED, gamma=0.5),
    CrossEntropy(IGNORED, gamma=2.0),
    HardCrossEntropy(IGNORED, torch.linspace(0.5, 2, 5)),
    HardCrossEntropy(IGNORED, threshold=0.1, min_share=0.1),
    Dice(IGNORED),
    Lovasz(IGNORED),
]


def random_batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Logits (2, 5, 6, 7) and a uint8 mask in which class 4 does not occur and a tenth is ignored."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, 5, 6, 7, generator=generator)
    mask = torch.randint(0, 4, (2, 6, 7), generator=generator, dtype=torch.uint8)
    mask[torch.rand(2, 6, 7, generator=generator) < 0.1] = IGNORED
    return logits, mask


def of_pixels(probabilities: list[list[float]], labels: list[int]) -> tuple[Tensor, Tensor]:
    """Logits (1, C, 1, P) whose softmax is given a pixel, and their mask (1, 1, P)."""
    logits = torch.tensor(probabilities).log().T[None, :, None]
    return logits, torch.tensor(labels, dtype=torch.uint8)[None, None]


TWO_PIXELS = of_pixels([[0.5, 0.5], [0.25, 0.75]], [0, 1])


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("weight_sum", (1 * math.log(2) + 3 * math.log(4 / 3)) / 4),
        ("pixels", (1 * math.log(2) + 3 * math.log(4 / 3)) / 2),
    ],
)
def test_cross_entropy_by_hand(reduction: str, expected: float) -> None:
    loss = CrossEntropy(IGNORED, torch.tensor([1.0, 3.0]), reduction)
    assert loss(*TWO_PIXELS).item() == pytest.approx(expected)


def test_focal_by_hand() -> None:
    loss = CrossEntropy(IGNORED, gamma=2.0)
    assert loss(*TWO_PIXELS).item() == pytest.approx((0.5**2 * math.log(2) + 0.25**2 * math.log(4 / 3)) / 2)


def test_dice_by_hand() -> None:
    # Class 0: 2·0.5 / (0.75 + 1); class 1: 2·0.75 / (1.25 + 1).
    assert Dice(IGNORED)(*TWO_PIXELS).item() == pytest.approx(((1 - 1 / 1.75) + (1 - 1.5 / 2.25)) / 2)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.2, 1.0, 4.0, 0.7, 9.0])])
def test_cross_entropy_is_pytorchs(weights: Tensor | None, smoothing: float) -> None:
    logits, mask = random_batch()
    ours_in, theirs_in = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    ours = CrossEntropy(IGNORED, weights, label_smoothing=smoothing)(ours_in, mask)
    theirs = F.cross_entropy(theirs_in, mask.long(), weights, ignore_index=IGNORED, label_smoothing=smoothing)
    ours.backward()
    theirs.backward()
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(ours_in.grad, theirs_in.grad)


def naive_lovasz(logits: Tensor, mask: Tensor) -> float:
    """The Lovász extension of 1 - IoU as its definition has it: errors sorted, the set function at each prefix."""
    probabilities = logits.double().softmax(1).permute(0, 2, 3, 1)[mask != IGNORED]
    labels = mask[mask != IGNORED]
    losses: list[float] = []
    for index in labels.unique().tolist():
        errors = [
            abs(float(label == index) - p.item()) for label, p in zip(labels, probabilities[:, index], strict=True)
        ]
        order = sorted(range(len(errors)), key=lambda i: -errors[i])
        truth = {i for i in range(len(errors)) if labels[i] == index}

        def one_minus_iou(wrong: set[int], truth: set[int] = truth) -> float:
            return 1 - len(truth - wrong) / len(truth | wrong)

        steps = pairwise(one_minus_iou(set(order[:k])) for k in range(len(order) + 1))
        losses.append(sum(errors[i] * (after - before) for i, (before, after) in zip(order, steps, strict=True)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("seed", range(3))
def test_lovasz_is_the_definition(seed: int) -> None:
    logits, mask = random_batch(seed)
    assert Lovasz(IGNORED)(logits, mask).item() == pytest.approx(naive_lovasz(logits, mask), rel=1e-5)


def test_lovasz_of_a_hard_prediction_is_its_mean_iou_loss() -> None:
    labels, predicted = [0, 0, 0, 1], [0, 0, 1, 1]
    logits = 100 * F.one_hot(torch.tensor(predicted), 2).float().T[None, :, None]
    mask = torch.tensor(labels, dtype=torch.uint8)[None, None]
    assert Lovasz(IGNORED)(logits, mask).item() == pytest.approx(1 - (2 / 3 + 1 / 2) / 2, abs=1e-6)


@pytest.mark.parametrize("loss", ALL_LOSSES)
def test_ignored_pixels_count_nowhere(loss: nn.Module) -> None:
    logits, mask = random_batch()
    logits.requires_grad_()
    before = loss(logits, mask)
    before.backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad.abs().sum() > 0
    ignored = (mask == IGNORED)[:, None].expand_as(logits)
    assert torch.equal(logits.grad[ignored], torch.zeros(int(ignored.sum())))
    with torch.no_grad():
        torch.testing.assert_close(loss(torch.where(ignored, 50.0, logits), mask), before)


@pytest.mark.parametrize("loss", ALL_LOSSES)
def test_a_batch_without_labels_has_loss_and_gradient_zero(loss: nn.Module) -> None:
    logits = random_batch()[0].requires_grad_()
    value = loss(logits, torch.full((2, 6, 7), IGNORED, dtype=torch.uint8))
    value.backward()
    assert value.item() == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize("loss", ALL_LOSSES)
def test_bfloat16_logits_are_computed_in_float32(loss: nn.Module) -> None:
    logits, mask = random_batch()
    value = loss(logits.bfloat16(), mask)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(logits.bfloat16().float(), mask.long()), rtol=0, atol=0)


@pytest.mark.parametrize("loss", ALL_LOSSES)
def test_certain_and_right_costs_nothing_and_keeps_finite_gradients(loss: nn.Module) -> None:
    mask = random_batch()[1]
    logits = (1000 * F.one_hot(mask.long().clamp(max=4), 5).permute(0, 3, 1, 2).float()).requires_grad_()
    value = loss(logits, mask)
    value.backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    if not getattr(loss, "label_smoothing", 0):
        assert value.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [Dice(IGNORED), Lovasz(IGNORED)])
def test_a_class_that_is_not_in_the_truth_is_left_out_of_the_mean(loss: nn.Module) -> None:
    logits, mask = of_pixels([[0.6, 0.3, 0.1]] * 4, [0] * 4)
    only_class_0 = 1 - 2 * 2.4 / 6.4 if isinstance(loss, Dice) else 0.4
    assert loss(logits, mask).item() == pytest.approx(only_class_0)


def test_a_config_becomes_the_weighted_sum_of_its_terms() -> None:
    logits, mask = random_batch()
    weights = torch.linspace(1, 2, 5)
    terms: list[LossTerm] = [
        CrossEntropyTerm(weight=0.5, class_weights="enet", reduction="pixels", label_smoothing=0.1),
        FocalTerm(name="focal", gamma=3.0),
        DiceTerm(name="dice", weight=2.0),
        LovaszTerm(name="lovasz"),
        OhemTerm(name="ohem", threshold=0.3, min_share=0.1, class_weights="enet", reduction="pixels"),
    ]
    loss = build_loss(terms, IGNORED, lambda term: weights if term.class_weights == "enet" else None)
    by_hand = (
        0.5 * CrossEntropy(IGNORED, weights, "pixels", 0.1)(logits, mask)
        + CrossEntropy(IGNORED, gamma=3.0)(logits, mask)
        + 2 * Dice(IGNORED)(logits, mask)
        + Lovasz(IGNORED)(logits, mask)
        + HardCrossEntropy(IGNORED, weights, "pixels", 0.3, 0.1)(logits, mask)
    )
    torch.testing.assert_close(loss(logits, mask), by_hand)


def test_a_sum_over_one_softmax_is_the_sum_of_its_losses() -> None:
    logits, mask = random_batch()
    together, apart = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    terms: list[LossTerm] = [
        CrossEntropyTerm(),
        DiceTerm(name="dice", weight=0.5),
        LovaszTerm(name="lovasz", weight=2.0),
        FocalTerm(name="focal"),
    ]
    total = build_loss(terms, IGNORED, lambda _: None)(together, mask)
    alone = CrossEntropy(IGNORED)(apart, mask) + 0.5 * Dice(IGNORED)(apart, mask)
    alone = alone + 2 * Lovasz(IGNORED)(apart, mask) + CrossEntropy(IGNORED, gamma=2.0)(apart, mask)
    total.backward()
    alone.backward()
    torch.testing.assert_close(total, alone)
    torch.testing.assert_close(together.grad, apart.grad)


def test_distillation_by_hand() -> None:
    student, mask = of_pixels([[0.5, 0.5], [0.2, 0.8]], [0, IGNORED])
    teacher, _ = of_pixels([[0.8, 0.2], [0.9, 0.1]], [0, 0])
    # At T = 2 the teacher's 0.8 : 0.2 becomes √0.8 : √0.2, which is 2 : 1; the second pixel has no label.
    expected = 4 * (2 / 3 * math.log((2 / 3) / 0.5) + 1 / 3 * math.log((1 / 3) / 0.5))
    assert Distillation(IGNORED, temperature=2.0)(student, teacher, mask).item() == pytest.approx(expected)


def test_distillation_is_pytorchs_divergence_and_zero_for_the_teacher_itself() -> None:
    logits, _ = random_batch()
    teacher, mask = random_batch(1)
    mask[mask == IGNORED] = 0
    ours = Distillation(IGNORED, temperature=3.0)
    log_p, log_q = (value.div(3).log_softmax(1) for value in (logits, teacher))
    theirs = F.kl_div(log_p, log_q, reduction="sum", log_target=True) / mask.numel()
    torch.testing.assert_close(ours(logits, teacher, mask), 9 * theirs)
    assert ours(teacher, teacher, mask).item() == 0


def test_distillation_without_a_labelled_pixel_is_zero() -> None:
    logits, mask = random_batch()
    assert Distillation(IGNORED, 2.0)(logits, logits + 1, torch.full_like(mask, IGNORED)).item() == 0
