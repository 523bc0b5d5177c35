"""Several processes that share one training step: their common counts, and the error if one is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from segnet.errors import UserError, first_line


def mean_over_processes(count: Tensor) -> Tensor:
    """The mean of a count over the processes that share a step; ``count`` itself for a single process.

    Divide a loss by it. The mean over the processes, like that of their gradients, is then the loss over all of their
    samples, even if the counts differ. Without gradients, so in measurements, each process counts alone, because they
    may have different numbers of batches.

    Args:
        count: a scalar; no gradient goes through it.
    """
    if not (torch.is_grad_enabled() and dist.is_available() and dist.is_initialized()):
        return count
    total = count.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


# These are Gloo's messages, in plain RuntimeErrors, when the other end is lost. NCCL and the store have DistErrors.
LOST = (
    "closed by peer",
    "reset by peer",
    "broken pipe",
    "connection refused",
    "pair closure",
    "socket closed",
    "remote process",
    "timed out",
    "timeout",
)


@contextmanager
def lost_process_named(checkpoint: Path) -> Iterator[None]:
    """Turn a broken connection between processes into a message that says how to go on.

    Raises:
        UserError: another process has ended, or has not answered within ``training.process_minutes``.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_lost_connection(error):
            raise
        raise UserError(
            f"another process of this training has ended or is stuck, so {this_process()} ends too; look at its "
            f"messages, then go on from {checkpoint} with --resume, on any number of processes"
        ) from None


@contextmanager
def missing_process_named(minutes: float) -> Iterator[None]:
    """Turn the wait for a process that never joins into a message.

    Raises:
        UserError: not all processes have joined within ``minutes``.
    """
    try:
        yield
    except dist.DistError as error:
        raise UserError(
            f"not all processes of this training have joined within training.process_minutes={minutes:g}: "
            f"{first_line(error)}; start as many as WORLD_SIZE says, with the same MASTER_ADDR and MASTER_PORT"
        ) from None


def is_lost_connection(error: RuntimeError) -> bool:
    if not (dist.is_available() and dist.is_initialized()):
        return False
    return isinstance(error, dist.DistError) or any(word in str(error).lower() for word in LOST)


def this_process() -> str:
    return f"process {dist.get_rank()} of {dist.get_world_size()}"
