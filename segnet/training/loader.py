"""Batches of a task, read and augmented by loader processes."""

import warnings
from typing import Any

from lightning_fabric import Fabric
from torch.utils.data import DataLoader

from segnet.datasets.sampling import EpochBatches
from segnet.training.stopping import leave_signals_to_parent
from segnet.training.tasks.task import Task


def build_loader(task: Task, sampler: EpochBatches, workers: int, fabric: Fabric) -> DataLoader[Any]:
    """The train data of ``task`` in the order of ``sampler``, on the CPU."""
    # More workers than cores are no mistake: they wait for disks and networks, and for the network to train. The filter
    # stays, since PyTorch warns here and again when the workers start.
    warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
    return DataLoader(
        task.train_data,  # type: ignore[arg-type]
        batch_sampler=sampler,
        num_workers=workers,
        collate_fn=task.collate,
        pin_memory=fabric.device.type == "cuda",
        persistent_workers=workers > 0,
        worker_init_fn=leave_signals_to_parent,
    )
