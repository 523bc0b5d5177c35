"""What the machine can do at best: its peak in matrix products, which is what networks mostly are."""

import platform
import time
from pathlib import Path
from typing import Any

import torch

from segnet.benchmark.timing import synchronise
from segnet.hardware import has_bf16

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def gemm_peaks(device: torch.device, side: int, rounds: int) -> dict[str, float]:
    """Floating-point operations a second of a product of ``side`` × ``side`` matrices, the best of ``rounds``.

    Precisions that the device only emulates are left out.
    """
    peaks = {}
    for name, dtype in DTYPES.items():
        if name == "bf16" and not has_bf16(device):
            continue
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        torch.mm(a, b)
        best = float("inf")
        for _ in range(rounds):
            synchronise(device)
            begin = time.perf_counter()
            torch.mm(a, b)
            synchronise(device)
            best = min(best, time.perf_counter() - begin)
        peaks[name] = 2 * side**3 / best
    return peaks


def describe(device: torch.device) -> dict[str, Any]:
    """Device, threads and versions, for the record."""
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "bf16": has_bf16(device),
        "torch": torch.__version__,
        "system": platform.platform(),
    }


def processor() -> str:
    """The processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
