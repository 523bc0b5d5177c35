"""The device's name and precisions, and the handling of freed memory."""

import ctypes
import platform
import sys
from pathlib import Path

import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Options of glibc's ``mallopt``."""


def has_bf16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16, without which it is many times slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and torch.cpu._is_avx512_bf16_supported()


def device_name(device: torch.device) -> str:
    """The name of the graphics card or processor, from the system."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def keep_freed_memory() -> None:
    """Let this process reuse freed memory instead of giving it back, if the C library is glibc.

    It gives every block of more than 32 MiB back at once, and the kernel then fills the next one with zeros, page by
    page. SegNet's activations are that large (docs/benchmark.md); a fifth of SegNet-Lite's training step went into it
    (benchmarks/training_step.py). The process stays as large as it was at most.
    """
    set_freed_memory(kept=True)


def give_freed_memory_back() -> None:
    """Undo :func:`keep_freed_memory`, so that free memory is no longer in pieces too small for the next tensor."""
    set_freed_memory(kept=False)


def set_freed_memory(kept: bool) -> None:
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return
    library.mallopt(M_MMAP_MAX, 0 if kept else 65_536)
    library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1 if kept else 131_072)
    if not kept:
        library.malloc_trim(0)
