"""Interpolating only at borders gives what interpolating everywhere gives."""

import pytest
import torch
from torch.nn import functional as F

from segnet.inference.enlarge import classes_at, densely


@pytest.mark.parametrize("size", [(48, 64), (47, 90), (31, 33), (24, 32), (12, 200), (10, 7)])
def test_classes_are_those_of_interpolated_logits(size: tuple[int, int]) -> None:
    blobs = F.interpolate(torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0)), (24, 32), mode="bicubic")
    for logits in (blobs, blobs.contiguous(memory_format=torch.channels_last)):
        found = classes_at(logits, size)
        assert found.dtype == torch.uint8
        # The two round differently, which may turn a tie.
        assert (found != densely(logits, size)).float().mean() < 0.001
    assert len(found.unique()) > 2


def test_borders_everywhere_and_single_rows_are_no_trouble() -> None:
    noise = torch.randn(1, 7, 20, 30, generator=torch.Generator().manual_seed(1))
    assert torch.equal(classes_at(noise, (60, 90)), densely(noise, (60, 90)))
    assert torch.equal(classes_at(noise[:, :, :1], (5, 90)), densely(noise[:, :, :1], (5, 90)))


def test_two_hundred_and_fifty_six_classes_have_room() -> None:
    logits = torch.zeros(1, 256, 4, 4)
    logits[:, 255, :, 2:] = 1
    assert classes_at(logits, (8, 8)).unique().tolist() == [0, 255]
