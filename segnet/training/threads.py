"""The number of processor threads for a training."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric

from segnet.nn.flops import count_flops_of
from segnet.training.tasks.task import Task

TINY = 10_000_000
"""Up to so many floating-point operations in a step's forward pass, one thread is as fast as two. Threads that share so
little work spend as long on handing it out and on waiting (benchmarks/threads.py)."""


@contextmanager
def threads_for(task: Task, batch_size: int, fabric: Fabric) -> Iterator[None]:
    """Use one thread while a tiny network trains on a processor. A user's ``OMP_NUM_THREADS`` takes precedence.

    The choice depends on the settings alone, so a run repeats exactly.
    """
    before = torch.get_num_threads()
    is_free = fabric.device.type == "cpu" and fabric.world_size == 1 and "OMP_NUM_THREADS" not in os.environ
    if is_free and step_flops(task, batch_size) < TINY:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def step_flops(task: Task, batch_size: int) -> int:
    """Floating-point operations of the forward pass of one step, computed from the first sample."""
    sample = task.inputs(task.collate([task.train_data[0, 0]]))
    return batch_size * count_flops_of(task.network, sample)
