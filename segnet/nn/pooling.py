"""SegNet's pooling: each 2×2 window keeps which of its four places won (arXiv 1511.00561, section 3).

The place is a code in a uint8: ``2 * row + column`` within the window, so 0 1 in its upper row and
2 3 in its lower. Pooling's gradient is unpooling by the same codes, and unpooling's gradient is
picking by them; nothing else is kept for the way back, an eighth of what PyTorch's int64 indices
take. No two windows share a place, so there is no order of additions to vary: the result is the
same each time on every device.

There are three ways to the same numbers, as the code is run: eagerly (PyTorch's pooling kernel, then
arithmetic on bits), compiled (expressions that fuse into one kernel), and exported (operators that
every runtime has, without index, gather or scatter). ``benchmarks/pooling.py`` compares them.
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
    if _is_exported():
        return _pool_exported(x)
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

    Raises:
        ValueError: the three do not belong together.
    """
    height, width = size
    if _is_exported():
        return _place_exported(x, codes, height, width)
    placed: Tensor = _Place.apply(x, codes, height, width)
    return placed


def _is_exported() -> bool:
    return torch.compiler.is_exporting() or torch.jit.is_tracing()  # type: ignore[attr-defined]


class _MaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        pooled, codes = _pool_compiled(x) if torch.compiler.is_compiling() else _pool_eagerly(x)
        ctx.mark_non_differentiable(codes)
        ctx.save_for_backward(codes)
        ctx.size = x.shape[-2:]
        return pooled, codes

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, _: Any) -> Tensor:
        (codes,) = ctx.saved_tensors
        return max_unpool_with_codes(gradient, codes, ctx.size)


class _Place(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, codes: Tensor, height: int, width: int) -> Tensor:
        if x.shape != codes.shape or x.shape[-2:] != (-(-height // 2), -(-width // 2)) or codes.dtype != torch.uint8:
            raise ValueError(
                f"{tuple(x.shape)} values and {tuple(codes.shape)} codes of {codes.dtype} cannot be unpooled to "
                f"({height}, {width}): both have to be half of that, rounded up, and the codes torch.uint8"
            )
        ctx.save_for_backward(codes)
        place = _place_compiled if torch.compiler.is_compiling() else _place_eagerly
        return place(x, codes, height, width)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (codes,) = ctx.saved_tensors
        return _Pick.apply(gradient, codes), None, None, None


class _Pick(torch.autograd.Function):
    """The value at each window's place: ``(N, C, H, W)`` to ``(N, C, h, w)``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, codes: Tensor) -> Tensor:
        ctx.save_for_backward(codes)
        ctx.size = x.shape[-2:]
        return _pick_compiled(x, codes) if torch.compiler.is_compiling() else _pick_eagerly(x, codes)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (codes,) = ctx.saved_tensors
        return max_unpool_with_codes(gradient, codes, ctx.size), None


def _places(x: Tensor, fill: float | None) -> list[Tensor]:
    """The four places of all windows in the order of their codes, each ``(N, C, h, w)``.

    They are views of x, filled up at its odd edges; None repeats the edge.
    """
    height, width = x.shape[-2:]
    # Sizes left open on export are no ints: asking whether they are odd would fix them in the graph.
    is_open = not (isinstance(height, int) and isinstance(width, int))
    if is_open or height % 2 or width % 2:
        x = F.pad(x, (0, width % 2, 0, height % 2), "replicate" if fill is None else "constant", fill)
    return [x[..., row::2, column::2] for row in (0, 1) for column in (0, 1)]


def _is_channels_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


# Eagerly.

_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def _bits(x: Tensor) -> Tensor:
    """The same memory as integers, whose arithmetic is vectorised on CPUs and leaves NaN and infinity what they are."""
    return x.view(_INTEGERS[x.element_size()])


def _pool_eagerly(x: Tensor) -> tuple[Tensor, Tensor]:
    """PyTorch's kernel, and its int64 indices made into codes.

    An index less that of its window's first place is 0, 1, W or W + 1. The lowest byte still tells these
    four apart, unless W is next to a multiple of 256, and bytes are quick to work on.
    """
    pooled, indices = torch.ops.aten.max_pool2d_with_indices(x, [2, 2], [2, 2], [0, 0], [1, 1], True)
    height, width = pooled.shape[-2:]
    step = x.shape[-1]
    dtype = torch.int64
    if step % 256 not in (0, 1, 255):
        step, dtype = step % 256, torch.uint8
    rows = torch.arange(height, device=x.device).unsqueeze(1)
    first = 2 * x.shape[-1] * rows + 2 * torch.arange(width, device=x.device)
    codes = indices.to(dtype).sub_(first.to(dtype))
    is_below = codes >= min(step, 2)
    codes.sub_(is_below.to(dtype).mul_(step - 2))
    return pooled, codes.to(torch.uint8)


def _place_eagerly(x: Tensor, codes: Tensor, height: int, width: int) -> Tensor:
    memory_format = torch.channels_last if _is_channels_last(x) else torch.contiguous_format
    placed = torch.empty((*x.shape[:2], height, width), dtype=x.dtype, device=x.device, memory_format=memory_format)
    for code in range(4):
        target = _bits(placed)[..., code // 2 :: 2, code % 2 :: 2]
        h, w = target.shape[-2:]
        torch.mul(_bits(x)[..., :h, :w], codes[..., :h, :w] == code, out=target)
    return placed


def _pick_eagerly(x: Tensor, codes: Tensor) -> Tensor:
    top_left, top_right, bottom_left, bottom_right = map(_bits, _places(x, 0))
    is_right, is_below = (codes & 1).neg_(), (codes >> 1).neg_()
    top = _choose(top_left, top_right, is_right)
    bottom = _choose(bottom_left, bottom_right, is_right)
    return _choose(top, bottom, is_below).view(x.dtype)


def _choose(first: Tensor, second: Tensor, is_second: Tensor) -> Tensor:
    """Bits of ``second`` where ``is_second`` is all ones, of ``first`` where it is zero."""
    mask = is_second.view(torch.int8).to(first.dtype)
    return (first ^ second).bitwise_and_(mask).bitwise_xor_(first)


# Compiled.


def _pool_compiled(x: Tensor) -> tuple[Tensor, Tensor]:
    best, *others = _places(x, float("-inf"))
    codes = torch.zeros_like(best, dtype=torch.uint8)
    for code, value in enumerate(others, 1):
        wins = (value > best) | value.isnan()
        best = torch.where(wins, value, best)
        codes = torch.where(wins, code, codes)
    return best, codes


def _place_compiled(x: Tensor, codes: Tensor, height: int, width: int) -> Tensor:
    """Every place of every window along two new axes, which then count as rows and columns."""
    order = torch.arange(4, dtype=torch.uint8, device=x.device)
    n, c, h, w = x.shape
    if _is_channels_last(x):
        x, codes = (value.permute(0, 2, 3, 1)[:, :, None, :, None] for value in (x, codes))
        placed = torch.where(codes == order.view(2, 1, 2, 1), x, 0).reshape(n, 2 * h, 2 * w, c).permute(0, 3, 1, 2)
    else:
        x, codes = (value[:, :, :, None, :, None] for value in (x, codes))
        placed = torch.where(codes == order.view(2, 1, 2), x, 0).reshape(n, c, 2 * h, 2 * w)
    return placed[..., :height, :width]


def _pick_compiled(x: Tensor, codes: Tensor) -> Tensor:
    top_left, top_right, bottom_left, bottom_right = _places(x, 0)
    is_right = (codes & 1).bool()
    top = torch.where(is_right, top_right, top_left)
    bottom = torch.where(is_right, bottom_right, bottom_left)
    return torch.where(codes >= 2, bottom, top)


# Exported.


def _pool_exported(x: Tensor) -> tuple[Tensor, Tensor]:
    """A MaxPool, which every runtime has and quantises, and three comparisons with it."""
    pooled = F.max_pool2d(x, 2, 2, ceil_mode=True)
    # A repeated edge never wins, as the first of equals does; an infinity there would spoil the ranges of int8.
    first, second, third, _ = (place == pooled for place in _places(x, None))
    codes = torch.full_like(first, 3, dtype=x.dtype)  # TensorFlow Lite has no choice between bytes
    for code, wins in ((2, third), (1, second), (0, first)):
        codes = torch.where(wins, code, codes)
    return pooled, codes.to(torch.uint8)


def _place_exported(x: Tensor, codes: Tensor, height: int, width: int) -> Tensor:
    """Values and codes repeated over their windows, and zero where the place is not the code's.

    Repeating keeps channels last, where interleaving four tensors would turn them back and forth.
    """
    codes = codes.to(x.dtype)  # ONNX Runtime has no quick Resize of bytes
    four = torch.arange(4, dtype=x.dtype).view(1, 4, 1, 1)
    places = F.pixel_shuffle(0 * codes[:1, :1] + four, 2)
    values, wanted = (F.interpolate(t, scale_factor=2.0, mode="nearest") for t in (x, codes))
    return (values * (wanted == places))[..., :height, :width]
