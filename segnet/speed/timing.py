"""Seconds of several jobs, taken in turns, and the memory of one job."""

import ctypes
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

Job = Callable[[], object]


def medians(jobs: Mapping[str, Job], rounds: int, device: torch.device) -> dict[str, float]:
    """Median seconds of each job. Every round runs each job once, so other load on the machine affects all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()  # compilation and first allocations are not timed
    for _ in range(rounds):
        for name, job in jobs.items():
            seconds[name].append(seconds_of(job, device))
    return {name: statistics.median(times) for name, times in seconds.items()}


def seconds_of(job: Job, device: torch.device) -> float:
    synchronise(device)
    begin = time.perf_counter()
    job()
    synchronise(device)
    return time.perf_counter() - begin


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_memory(job: Job, device: torch.device) -> int | None:
    """The most bytes that ``job`` takes beyond those held before it; None if the system does not tell."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        job()
        return torch.cuda.max_memory_allocated(device) - before
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    # malloc would use freed memory again, which would hide what the job takes.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is resident now
    before = kilobytes(status.read_text(), "VmRSS")
    job()
    return 1024 * max(0, kilobytes(status.read_text(), "VmHWM") - before)


def kilobytes(status: str, key: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{key}:"))
