"""Batches of a task, read and augmented by loader processes."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from segnet.datasets.sampling import EpochBatches
from segnet.shared_memory import FOLDER, free_shared_memory, has_semaphores
from segnet.terminal import say
from segnet.training.stopping import leave_signals_to_parent
from segnet.training.tasks.task import Batch, Task

PREFETCHED = 2
"""Batches that each worker reads ahead, PyTorch's default."""

OTHER = 8_000_000
"""Bytes of shared memory for the locks of the queues, for the start of a worker, and for other programs."""


def build_loader(task: Task, sampler: EpochBatches, workers: int, fabric: Fabric) -> Iterable[Batch]:
    """Load the train data of ``task`` in the order of ``sampler``, on the CPU.

    Workers hand over batches in shared memory. If the system has too little of it, they use pipes. If it has none, the
    main process reads. A message says so, and the batches are the same.
    """
    # More workers than cores are no mistake: they wait for disks, for networks, and for the training. The filter stays,
    # since PyTorch warns here and again when the workers start.
    warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
    if workers and not has_semaphores():
        say_once(
            fabric, f"{FOLDER} cannot be written to, so the main process reads the images (data.workers=0), slower"
        )
        workers = 0
    uses_pipes = workers > 0 and not fits_shared_memory(task, sampler.batch_size, workers, fabric)
    loader: DataLoader[Any] = DataLoader(
        task.train_data,  # type: ignore[arg-type]
        batch_sampler=sampler,
        num_workers=workers,
        prefetch_factor=PREFETCHED if workers else None,
        collate_fn=CollateToArrays(task.collate) if uses_pipes else task.collate,
        pin_memory=fabric.device.type == "cuda",
        persistent_workers=workers > 0,
        worker_init_fn=leave_signals_to_parent,
    )
    return FromArrays(loader) if uses_pipes else loader


def fits_shared_memory(task: Task, batch_size: int, workers: int, fabric: Fabric) -> bool:
    """Whether the free shared memory holds all batches that can be on their way; says so if not.

    A worker that needs more raises no error that could be caught. It dies of a bus error, or waits without end.
    """
    free = free_shared_memory()
    if free is None:
        return True
    needed = sum(value.nbytes for value in task.collate([task.train_data[0, 0]]).values())
    needed *= batch_size * (PREFETCHED * workers + 1)
    if needed + OTHER < free:
        return True
    say_once(
        fabric,
        f"{FOLDER}: {free / 1e6:.0f} MB are free, and the batches of data.workers={workers} take {needed / 1e6:.0f} "
        "MB: they go through pipes, which is slower; allow more (docker run --shm-size=1g), or lower data.workers",
    )
    return False


def say_once(fabric: Fabric, line: str) -> None:
    if fabric.is_global_zero:
        say(line)


class CollateToArrays:
    """A task's ``collate``, whose batches hold arrays. Arrays are pickled, while tensors would lie in shared memory."""

    def __init__(self, collate: Callable[[list[Any]], Batch]) -> None:
        self.collate = collate

    def __call__(self, samples: list[Any]) -> dict[str, NDArray[Any]]:
        return {key: tensor.numpy() for key, tensor in self.collate(samples).items()}


class FromArrays:
    """The batches of a loader that gives arrays, as tensors."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.loader = loader

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.loader:
            yield {key: torch.from_numpy(array) for key, array in batch.items()}
