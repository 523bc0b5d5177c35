"""What a GPU computes is what a CPU computes; skipped where there is none."""

import copy

import pytest
import torch
from torch import Tensor

from segnet.config import CrossEntropyTerm, DiceTerm, LossTerm, LovaszTerm
from segnet.losses import build_loss
from segnet.nn.pooling import max_pool_with_codes, max_unpool_with_codes
from segnet.nn.segnet_lite import SegNetLite

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [(16, 24), (37, 53)])
def test_pooling_and_unpooling_give_the_same_bits(size: tuple[int, int], dtype: torch.dtype) -> None:
    x = torch.randn(2, 8, *size).to(dtype)
    pooled, codes = max_pool_with_codes(x)
    pooled_there, codes_there = max_pool_with_codes(x.cuda())
    assert torch.equal(pooled_there.cpu(), pooled)
    assert torch.equal(codes_there.cpu(), codes)
    unpooled = max_unpool_with_codes(pooled_there, codes_there, size)
    assert torch.equal(unpooled.cpu(), max_unpool_with_codes(pooled, codes, size))


def gradients(network: SegNetLite, images: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Loss and gradients of a step in float32."""
    terms: list[LossTerm] = [CrossEntropyTerm(), DiceTerm(name="dice"), LovaszTerm(name="lovasz")]
    loss = build_loss(terms, 11, lambda _: None)(network(images), mask)
    loss.backward()
    return loss.detach(), [parameter.grad for parameter in network.parameters() if parameter.grad is not None]


def test_a_step_has_the_loss_and_gradients_of_the_cpu() -> None:
    torch.manual_seed(0)
    network = SegNetLite(11, widths=[8, 16, 16, 16], add_encoder=True)
    images, mask = torch.randn(2, 3, 64, 96), torch.randint(0, 12, (2, 64, 96), dtype=torch.uint8)
    loss, expected = gradients(copy.deepcopy(network), images, mask)
    loss_there, found = gradients(network.cuda(), images.cuda(), mask.cuda())
    torch.testing.assert_close(loss_there.cpu(), loss, atol=1e-4, rtol=1e-4)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.cpu(), theirs, atol=1e-2, rtol=1e-2)


def test_a_step_repeats_to_the_bit() -> None:
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    network = SegNetLite(11, widths=[8, 16, 16, 16], add_encoder=True).cuda()
    images, mask = torch.randn(2, 3, 64, 96).cuda(), torch.randint(0, 12, (2, 64, 96), dtype=torch.uint8).cuda()
    first, second = (gradients(copy.deepcopy(network), images, mask) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert all(torch.equal(a, b) for a, b in zip(first[1], second[1], strict=True))
