"""Find how much arithmetic makes a second thread pay in a training step: the bound in segnet/training/threads.py.

    python benchmarks/threads.py

Each network's step runs on one thread and on two, in turns of some milliseconds. The script prints the shortest times
of a step, which other programs disturb least, the arithmetic of its forward pass, and the gain of the second thread.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from segnet.config import AdamWConfig
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.catalogue import build_network
from segnet.nn.flops import count_flops_of
from segnet.training.optimizer import build_optimizer

TURN_S = 0.02


def cases() -> dict[str, tuple[nn.Module, Tensor]]:
    """Networks with a batch each: autoencoders of small images, and the smallest of the family on small images."""
    found: dict[str, tuple[nn.Module, Tensor]] = {}
    for batch, widths in ((32, [32]), (256, [32]), (32, [256]), (32, [1000]), (256, [1000])):
        network = build_autoencoder("dense_autoencoder", (1, 28, 28), widths=widths)
        found[f"dense {widths[0]}, batch {batch}"] = network, torch.rand(batch, 1, 28, 28)
    for batch in (8, 32, 128):
        network = build_autoencoder("convolutional_autoencoder", (1, 28, 28))
        found[f"convolutional, batch {batch}"] = network, torch.rand(batch, 1, 28, 28)
    for batch, height, width in ((1, 48, 64), (2, 90, 120), (8, 90, 120)):
        network = build_network("segnet_lite", 11).to(memory_format=torch.channels_last)
        pixels = torch.rand(batch, 3, height, width).contiguous(memory_format=torch.channels_last)
        found[f"segnet_lite {height}x{width}, batch {batch}"] = network, pixels
    return found


def step_of(network: nn.Module, x: Tensor) -> Callable[[], None]:
    optimizer = build_optimizer(network, AdamWConfig(name="adamw", lr=1e-3))

    def step() -> None:
        network(x).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def seconds_a_step(step: Callable[[], None]) -> float:
    begin, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < TURN_S or not count:
        step()
        count += 1
    return passed / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2, help="to compare one with")
    arguments = parser.parse_args()
    for name, (network, x) in cases().items():
        step, shortest = step_of(network, x), dict.fromkeys((1, arguments.threads), float("inf"))
        for _ in range(arguments.rounds):
            for threads in shortest:
                torch.set_num_threads(threads)
                shortest[threads] = min(shortest[threads], seconds_a_step(step))
        one, more = shortest.values()
        print(
            f"{name:32}{count_flops_of(network, x) / 1e6:9.1f} MFLOP forward{1000 * one:9.3f} ms on one thread"
            f"{1000 * more:9.3f} on {arguments.threads}: {one / more:.2f} times as fast",
            flush=True,
        )


if __name__ == "__main__":
    main()
