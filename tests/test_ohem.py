"""Online hard example mining: which pixels are hard, and the mean over them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from segnet.losses import CrossEntropy, HardCrossEntropy
from segnet.ohem import hard_pixels

P = [0.9, 0.6, 0.2, 0.5]
"""Probabilities that four pixels give to class 0, of two."""


def logits_of(probabilities: list[float]) -> torch.Tensor:
    """``(1, 2, 1, W)``."""
    p = torch.tensor(probabilities)
    return torch.stack([p, 1 - p]).log()[None, :, None]


def loss_of(labels: list[int], **arguments: object) -> float:
    loss = HardCrossEntropy(255, **arguments)  # type: ignore[arg-type]
    return float(loss(logits_of(P), torch.tensor(labels, dtype=torch.uint8)[None, None]))


def test_pixels_under_the_threshold_are_hard_by_hand() -> None:
    assert loss_of([0, 0, 0, 0], threshold=0.7) == pytest.approx(-np.mean(np.log([0.6, 0.2, 0.5])))
    # Of class 1 the probabilities are 0.1, 0.4, 0.8 and 0.5.
    assert loss_of([1, 1, 1, 255], threshold=0.7) == pytest.approx(-np.mean(np.log([0.1, 0.4])))


def test_a_share_of_the_labelled_pixels_is_hard_in_any_case_by_hand() -> None:
    assert loss_of([0, 0, 0, 0], threshold=0.1, min_share=0.5) == pytest.approx(-np.mean(np.log([0.2, 0.5])))
    # A quarter of three labelled pixels is one of them.
    assert loss_of([0, 0, 255, 0], threshold=0.1, min_share=0.25) == pytest.approx(-np.log(0.5))
    assert loss_of([0, 0, 255, 0], threshold=0.1, min_share=0.0) == 0.0


def test_class_weights_and_both_reductions_by_hand() -> None:
    weights = torch.tensor([1.0, 3.0])
    labels = [0, 1, 0, 0]  # hard are 0.4 of class 1, 0.2 and 0.5 of class 0
    total = -(3 * math.log(0.4) + math.log(0.2) + math.log(0.5))
    assert loss_of(labels, weights=weights) == pytest.approx(total / 5)
    assert loss_of(labels, weights=weights, reduction="pixels") == pytest.approx(total / 3)


def test_without_a_label_the_loss_and_its_gradient_are_0() -> None:
    logits = logits_of(P).requires_grad_()
    loss = HardCrossEntropy(255)(logits, torch.full((1, 1, 4), 255))
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert logits.grad.abs().sum() == 0


def test_easy_pixels_get_no_gradient_and_hard_ones_that_of_cross_entropy() -> None:
    logits, mask = logits_of(P).requires_grad_(), torch.zeros(1, 1, 4, dtype=torch.uint8)
    HardCrossEntropy(255, min_share=0.0)(logits, mask).backward()
    assert logits.grad is not None
    hard = logits.detach()[..., 1:].requires_grad_()
    F.cross_entropy(hard, mask[..., 1:].long()).backward()
    torch.testing.assert_close(logits.grad[..., 1:], hard.grad)
    assert logits.grad[..., 0].abs().sum() == 0


def test_with_every_pixel_hard_it_is_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 5, 6, 7, generator=generator)
    mask = torch.randint(0, 6, (2, 6, 7), generator=generator)
    weights = torch.rand(5, generator=generator)
    torch.testing.assert_close(
        HardCrossEntropy(5, weights, min_share=1.0)(logits, mask), CrossEntropy(5, weights)(logits, mask)
    )


def test_half_precision_is_computed_in_float32() -> None:
    logits = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(64).reshape(1, 8, 8) % 3
    half = HardCrossEntropy(255)(logits.bfloat16(), mask)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, HardCrossEntropy(255)(logits.bfloat16().float(), mask))


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=40),
    st.floats(0.05, 1),
    st.floats(0, 1),
)
def test_hard_are_those_under_the_threshold_and_the_share_that_is_hardest(
    pixels: list[tuple[float, bool]], threshold: float, min_share: float
) -> None:
    """Against a full sort of the labelled pixels alone."""
    log_p = torch.tensor([math.log(p) for p, _ in pixels], dtype=torch.float32)
    labelled = torch.tensor([there for _, there in pixels])
    hard = hard_pixels(log_p[None, None], labelled[None, None], threshold, min_share)[0, 0]
    values = np.sort(log_p[labelled].numpy())
    least = math.ceil(len(values) * min_share)
    bound = max(np.float32(math.log(threshold)), values[least - 1] if least else -np.inf)
    np.testing.assert_array_equal(hard.numpy(), labelled.numpy() & (log_p.numpy() <= bound))
    assert hard.sum() >= least
