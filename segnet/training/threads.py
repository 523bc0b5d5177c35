"""The number of processor threads for a training."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric

from segnet.nn.flops import count_flops_of
from segnet.training.tasks.task import Task

TINY = 10_000_000
"""Floating-point operations of a step's forward pass, up to which one thread is as fast as two: threads that share so
little work spend as long on handing it out and on waiting for each other (benchmarks/threads.py)."""


@contextmanager
def threads_for(task: Task, batch_size: int, fabric: Fabric) -> Iterator[None]:
    """One thread while a tiny network is trained on a processor; a user's ``OMP_NUM_THREADS`` wins.

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
    """Floating-point operations of the forward pass of one step, worked out from the first sample."""
    sample = task.inputs(task.collate([task.train_data[0, 0]]))
    return batch_size * count_flops_of(task.network, sample)
