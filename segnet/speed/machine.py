"""The peak of the machine in matrix products, of which networks mostly consist."""

import hashlib
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch.nn import functional as F

from segnet.hardware import device_name, has_bf16
from segnet.speed.timing import Job, seconds_of


def gemm_peaks(device: torch.device, side: int, rounds: int) -> dict[str, float]:
    """Operations a second of a product of ``side`` × ``side`` matrices, the best of ``rounds``.

    Precisions that the device only emulates are left out.
    """
    return {
        precision: 2 * side**3 / min(best_seconds(job, rounds, device) for job in jobs)
        for precision, jobs in products(device, side).items()
    }


def products(device: torch.device, side: int) -> dict[str, list[Job]]:
    """The products in each precision. A processor has two in fp32, as MKL leaves half of AMD's units unused."""
    found = {"fp32": float_products(device, side, torch.float32)}
    if has_bf16(device):
        found["bf16"] = float_products(device, side, torch.bfloat16)
    if device.type == "cuda" or torch.cpu._is_vnni_supported():
        a, b = (torch.randint(-128, 128, (side, side), dtype=torch.int8, device=device) for _ in range(2))
        found["int8"] = [lambda: torch._int_mm(a, b)]
    return found


def float_products(device: torch.device, side: int, dtype: torch.dtype) -> list[Job]:
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    jobs: list[Job] = [lambda: torch.mm(a, b)]
    if device.type == "cpu":
        for_onednn = a.to_mkldnn(), b.to_mkldnn()
        jobs.append(lambda: F.linear(*for_onednn))
    return jobs


def best_seconds(job: Job, rounds: int, device: torch.device) -> float:
    job()
    return min(seconds_of(job, device) for _ in range(rounds))


QUIET = 0.95
"""On a quiet machine, a process gets at least this share of the cores' time."""


def share_of_cores(threads: int, seconds: float = 0.5) -> float:
    """The share of the time of ``threads`` cores that this process gets when it asks for all of it, 0–1.

    The rest went to other programs, or exceeds a container's allowance.
    """

    def work(_: int) -> float:
        block, begin, own = bytes(1 << 20), time.perf_counter(), time.thread_time()
        while time.perf_counter() - begin < seconds:
            hashlib.sha256(block)  # lets the other threads run
        return (time.thread_time() - own) / (time.perf_counter() - begin)

    with ThreadPoolExecutor(threads) as pool:
        return min(1.0, sum(pool.map(work, range(threads))) / threads)


def describe(device: torch.device) -> dict[str, Any]:
    """Device, threads and versions, for the record."""
    return {
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "bf16": has_bf16(device),
        "torch": torch.__version__,
        "system": platform.platform(),
    }
