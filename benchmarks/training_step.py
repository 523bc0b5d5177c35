"""Time SegNet-Lite's training step against earlier forms of its parts, in one process, in turns.

    python benchmarks/training_step.py --threads 1

Each line takes one improvement back: memory that is kept between steps, one softmax for all losses, dilated depthwise
convolutions without dilation, logits that are enlarged in float32. The figures are medians of processor time. Only
their ratios are meaningful on a machine that does other work.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.config import AdamWConfig, CrossEntropyTerm, DiceTerm
from segnet.hardware import give_freed_memory_back, keep_freed_memory
from segnet.losses import WeightedSum, build_loss
from segnet.nn import segnet_lite
from segnet.nn.segnet_lite import DepthwiseConv, SegNetLite
from segnet.training.averaging import WeightAverage
from segnet.training.optimizer import build_optimizer

CLASSES = 11
CAMVID_LITE: dict[str, Any] = {"widths": (24, 48, 80, 128), "add_encoder": True}


@contextmanager
def memory_given_back() -> Iterator[None]:
    give_freed_memory_back()
    yield
    keep_freed_memory()


def softmax_each(self: WeightedSum, logits: Tensor, mask: Tensor) -> Tensor:
    return torch.stack(
        [weight * loss(logits, mask) for loss, weight in zip(self.losses, self.weights, strict=True)]
    ).sum()


def enlarge_in_bf16(logits: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(logits, size=tuple(size), mode="bilinear", align_corners=False)


BEFORE: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "memory given back": memory_given_back,
    "a softmax a loss": lambda: patch.object(WeightedSum, "forward", softmax_each),
    "dilation in the convolution": lambda: patch.object(DepthwiseConv, "forward", nn.Conv2d.forward),
    "enlarged in bf16": lambda: patch.object(segnet_lite, "enlarge", enlarge_in_bf16),
}


def build_step(batch: int, size: tuple[int, int]) -> Callable[[], Tensor]:
    """An optimiser step with cross entropy and Dice in bf16, channels last; gives the loss."""
    torch.manual_seed(0)
    network = SegNetLite(CLASSES, **CAMVID_LITE).to(memory_format=torch.channels_last)
    average = WeightAverage(network, 0.998)
    optimizer = build_optimizer(network, AdamWConfig(decay_norm_and_bias=False))
    loss_function = build_loss(
        [CrossEntropyTerm(), DiceTerm(name="dice")], ignore_index=255, class_weights=lambda _: torch.rand(CLASSES) + 0.5
    )
    images = torch.randn(batch, 3, *size).contiguous(memory_format=torch.channels_last)
    height, width = (side // 16 for side in size)
    blocks = torch.randint(0, CLASSES, (batch, height, width), dtype=torch.uint8)
    mask = blocks.repeat_interleave(16, 1).repeat_interleave(16, 2)

    def step() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(images)
        loss: Tensor = loss_function(logits, mask)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.update(network)
        return loss.detach()

    return step


def seconds(step: Callable[[], Tensor], before: Sequence[str]) -> float:
    with ExitStack() as stack:
        for name in before:
            stack.enter_context(BEFORE[name]())
        step()
        begin = time.process_time()
        step()
        return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, nargs=2, default=(320, 416))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    step = build_step(arguments.batch, arguments.size)
    ways: dict[str, list[str]] = {"now": [], **{name: [name] for name in BEFORE}, "all of them": list(BEFORE)}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, before in ways.items():
            times[name].append(seconds(step, before))
    now = statistics.median(times["now"])
    print(f"{'':32}{'ms a step':>12}{'images/s':>12}{'× now':>8}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:32}{1000 * median:12.0f}{arguments.batch / median:12.1f}{median / now:8.2f}")


if __name__ == "__main__":
    main()
