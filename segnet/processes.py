"""Several processes that share one training step: what they count together, and what is said when one is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from segnet.errors import UserError


def mean_over_processes(count: Tensor) -> Tensor:
    """The mean of a count over the processes that share a step; ``count`` itself where there is one process.

    A loss that is divided by it has, averaged over the processes as their gradients are, the value and the gradient
    of the loss over all of their samples, however unevenly what counts is spread. Without gradients, which is to say
    when measuring, each process counts for itself: they need not have the same number of batches.

    Args:
        count: a scalar; no gradient goes through it.
    """
    if not (torch.is_grad_enabled() and dist.is_available() and dist.is_initialized()):
        return count
    total = count.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


# What Gloo, NCCL and the store say when the other end is gone.
LOST = (
    "closed by peer",
    "reset by peer",
    "broken pipe",
    "connection refused",
    "recvvalue failed",
    "remote process",
    "timed out",
)


@contextmanager
def lost_process_named(checkpoint: Path) -> Iterator[None]:
    """Turns a broken connection between processes into a sentence that says how to go on.

    Raises:
        UserError: another process has ended, or has not answered within the time that ``launch`` gave it.
    """
    try:
        yield
    except RuntimeError as error:
        text = str(error).lower()
        if not (dist.is_available() and dist.is_initialized() and any(word in text for word in LOST)):
            raise
        raise UserError(
            f"another process of this training has ended or is stuck, so process {dist.get_rank()} of "
            f"{dist.get_world_size()} ends too; look at its messages, then go on from {checkpoint} with --resume, "
            "on any number of processes"
        ) from None
