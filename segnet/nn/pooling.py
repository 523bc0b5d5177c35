"""SegNet's pooling: each 2×2 window keeps which of its four places won (arXiv 1511.00561, section 3).

The place is a code in a uint8: ``2 * row + column`` within the window, so 0 1 in its upper row and
2 3 in its lower. Pooling's gradient is unpooling by the same codes, and unpooling's gradient is
picking by them; nothing else is kept for the way back, an eighth of what PyTorch's int64 indices
take. No two windows share a place, so there is no order of additions to vary: the result is the
same each time on every device.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def max_pool_with_codes(x: Tensor) -> tuple[Tensor, Tensor]:
    """Maximum of each 2×2 window, stride 2, and its place.

    Windows over the lower or right edge of an odd size are cut there (Caffe's ceil mode). Of equal
    values the first wins, and NaN wins over all, as in ``torch.nn.functional.max_pool2d``.

    Args:
        x: ``(N, C, H, W)`` of any floating dtype and memory format, H and W at least 1.

    Returns:
        The maxima ``(N, C, ceil(H / 2), ceil(W / 2))`` in x's dtype and memory format, and their
        codes, uint8 0–3 of the same shape.
    """
    if torch.compiler.is_exporting():
        return _pool_in_plain_operators(x)
    pooled, codes = _MaxPool.apply(x)
    return pooled, codes


def max_unpool_with_codes(x: Tensor, codes: Tensor, size: Sequence[int]) -> Tensor:
    """Put each value at its window's place, zeros elsewhere.

    Args:
        x: ``(N, C, h, w)`` of any floating dtype and memory format.
        codes: uint8 ``(N, C, h, w)`` of :func:`max_pool_with_codes`.
        size: ``(H, W)`` of what was pooled; h is ceil(H / 2) and w is ceil(W / 2).

    Returns:
        ``(N, C, H, W)`` in x's dtype and memory format.
    """
    height, width = size
    if torch.compiler.is_exporting():
        return _place_in_plain_operators(x, codes, height, width)
    placed: Tensor = _MaxUnpool.apply(x, codes, height, width)
    return placed


class _MaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        pooled, codes = _pool_natively(x) if _runs_eagerly_on_cpu(x) else _pool(x)
        ctx.mark_non_differentiable(codes)
        ctx.save_for_backward(codes)
        ctx.size = x.shape[-2:]
        return pooled, codes

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, _: Any) -> Tensor:
        (codes,) = ctx.saved_tensors
        return _place(gradient, codes, *ctx.size)


class _MaxUnpool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, codes: Tensor, height: int, width: int) -> Tensor:
        ctx.save_for_backward(codes)
        return _place(x, codes, height, width)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (codes,) = ctx.saved_tensors
        return _pick(gradient, codes), None, None, None


def _runs_eagerly_on_cpu(x: Tensor) -> bool:
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def _places(x: Tensor, fill: float) -> list[Tensor]:
    """The four places of all windows, each (N, C, h, w): views of x, filled up at its odd edges."""
    height, width = x.shape[-2:]
    if height % 2 or width % 2:
        x = F.pad(x, (0, width % 2, 0, height % 2), value=fill)
    return [x[..., row::2, column::2] for row in (0, 1) for column in (0, 1)]


def _pool(x: Tensor) -> tuple[Tensor, Tensor]:
    """Plain operators, which the compiler fuses into one kernel with what stands around them."""
    best, *others = _places(x, float("-inf"))
    codes = torch.zeros_like(best, dtype=torch.uint8)
    for code, value in enumerate(others, 1):
        wins = (value > best) | value.isnan()
        best = torch.where(wins, value, best)
        codes = torch.where(wins, code, codes)
    return best, codes


def _pool_natively(x: Tensor) -> tuple[Tensor, Tensor]:
    """PyTorch's CPU kernel, and its int64 indices made into codes.

    An index less that of its window's first place is 0, 1, W or W + 1. This still tells the four apart
    in the lowest byte, unless W is close to a multiple of 256, and bytes are quick to work on.
    """
    pooled, indices = torch.ops.aten.max_pool2d_with_indices(x, [2, 2], [2, 2], [0, 0], [1, 1], True)
    width = x.shape[-1]
    dtype = torch.int64 if width % 256 in (0, 1, 255) else torch.uint8
    step = width if dtype == torch.int64 else width % 256
    rows = 2 * width * torch.arange(pooled.shape[-2]).unsqueeze(1)
    first = (rows + 2 * torch.arange(pooled.shape[-1])).to(dtype)
    codes = indices.to(dtype).sub_(first)
    codes.sub_((codes >= min(2, step)).to(dtype).mul_(step - 2))
    return pooled, codes.to(torch.uint8)


def _place(x: Tensor, codes: Tensor, height: int, width: int) -> Tensor:
    last = torch.channels_last if _is_channels_last(x) else torch.contiguous_format
    placed = torch.empty((*x.shape[:2], height, width), dtype=x.dtype, device=x.device, memory_format=last)
    for code in range(4):
        target = placed[..., code // 2 :: 2, code % 2 :: 2]
        h, w = target.shape[-2:]
        target.copy_(torch.where(codes[..., :h, :w] == code, x[..., :h, :w], 0))
    return placed


def _pick(x: Tensor, codes: Tensor) -> Tensor:
    """The value at each window's place: (N, C, H, W) to (N, C, h, w)."""
    top_left, top_right, bottom_left, bottom_right = _places(x, 0)
    right = (codes & 1).bool()
    top = torch.where(right, top_right, top_left)
    bottom = torch.where(right, bottom_right, bottom_left)
    return torch.where(codes >= 2, bottom, top)


def _is_channels_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


def _pool_in_plain_operators(x: Tensor) -> tuple[Tensor, Tensor]:
    """For exported graphs: a MaxPool that every runtime has and quantises, and three comparisons."""
    pooled = F.max_pool2d(x, 2, 2, ceil_mode=True)
    first, second, third, _ = (place == pooled for place in _places(x, float("-inf")))
    codes = torch.where(first, 0, torch.where(second, 1, torch.where(third, 2, 3)))
    return pooled, codes.to(torch.uint8)


def _place_in_plain_operators(x: Tensor, codes: Tensor, height: int, width: int) -> Tensor:
    """For exported graphs: four comparisons, interleaved by a DepthToSpace; no scatter and no index."""
    places = torch.stack([x * (codes == code) for code in range(4)], dim=2)
    return F.pixel_shuffle(places.flatten(1, 2), 2)[..., :height, :width]
