"""Time pooling with codes against PyTorch's int64 indices, in one process, in turns.

    python benchmarks/pooling.py --threads 2

The script prints medians in milliseconds for the first pooling of SegNet, 64 channels at 360×480. Only ratios within a
table are meaningful on a machine that does other work. Then it prints what SegNet keeps between forward and backward,
to show what four codes in a byte would save.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from segnet.nn.pooling import max_pool_with_codes, max_unpool_with_codes
from segnet.nn.segnet import SegNet

Step = Callable[[], object]


def steps(x: Tensor) -> dict[str, tuple[Step, Step]]:
    """The timed steps: with codes, with indices."""
    size = x.shape[-2:]
    pooled, codes = max_pool_with_codes(x)
    _, indices = F.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)
    gradient = torch.randn_like(x)

    def train(pool: Callable[[Tensor], tuple[Tensor, Tensor]], unpool: Callable[[Tensor, Tensor], Tensor]) -> None:
        leaf = x.detach().requires_grad_()
        unpool(*pool(leaf)).backward(gradient)

    def pool_natively(x: Tensor) -> tuple[Tensor, Tensor]:
        values, indices = F.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)
        return values, indices

    def unpool_natively(x: Tensor, indices: Tensor) -> Tensor:
        return F.max_unpool2d(x, indices, (2, 2), (2, 2), output_size=size)

    def unpool(x: Tensor, codes: Tensor) -> Tensor:
        return max_unpool_with_codes(x, codes, size)

    return {
        "pool": (lambda: max_pool_with_codes(x), lambda: pool_natively(x)),
        "unpool": (lambda: unpool(pooled, codes), lambda: unpool_natively(pooled, indices)),
        "both, forward and backward": (
            lambda: train(max_pool_with_codes, unpool),
            lambda: train(pool_natively, unpool_natively),
        ),
    }


def medians(pair: tuple[Step, Step], rounds: int) -> list[float]:
    """Milliseconds of each, run in turns so that other load on the machine affects both."""
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for step, times in zip(pair, seconds, strict=True):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
    return [1000 * statistics.median(times) for times in seconds]


def kept_megabytes(size: tuple[int, int] = (360, 480)) -> tuple[float, float]:
    """What SegNet keeps of an image between forward and backward in bf16: everything, and the codes alone."""
    network = SegNet(11).to(memory_format=torch.channels_last)
    weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    kept: dict[int, tuple[int, torch.dtype]] = {}

    def keep(x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes(), x.dtype
        return x

    x = torch.randn(1, 3, *size).contiguous(memory_format=torch.channels_last)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x), torch.autocast("cpu", torch.bfloat16):
        logits = network(x)
    assert logits.requires_grad
    codes = sum(size for size, dtype in kept.values() if dtype == torch.uint8)
    return sum(size for size, _ in kept.values()) / 1e6, codes / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"{'':44}{'codes':>10}{'indices':>10}")
    for memory_format in (torch.channels_last, torch.contiguous_format):
        for dtype in (torch.float32, torch.bfloat16):
            x = torch.randn(1, 64, 360, 480).to(dtype).contiguous(memory_format=memory_format)
            layout = "channels last" if memory_format == torch.channels_last else "contiguous"
            for name, pair in steps(x).items():
                ours, native = medians(pair, arguments.rounds)
                label = f"{str(dtype).removeprefix('torch.'):9}{layout}: {name}"
                print(f"{label:52}{ours:8.1f}{native:10.1f}")
    everything, codes = kept_megabytes()
    print(f"SegNet keeps {everything:.0f} MB of an image between forward and backward, {codes:.1f} MB of it codes")


if __name__ == "__main__":
    main()
