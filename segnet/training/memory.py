"""A step that does not fit into memory, and the batch size that would fit."""

from collections.abc import Callable

import torch
from torch import Tensor

from segnet.errors import UserError, is_out_of_memory
from segnet.hardware import give_freed_memory_back
from segnet.rounding import ceil_div
from segnet.training.tasks.task import Batch


def step_in_memory(
    step: Callable[[list[Batch]], Tensor], try_step: Callable[[Batch], object], batches: list[Batch]
) -> Tensor:
    """Take a step. If memory is full, say which batch size would fit.

    Args:
        step: an optimiser step on a list of batches.
        try_step: the same on part of a batch, for a run that has ended.
        batches: passed to ``step``.

    Returns:
        The result of ``step``.

    Raises:
        UserError: memory is full.
    """
    try:
        return step(batches)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # The error holds the step's tensors for as long as it is handled, so memory is given back only here.
    give_freed_memory_back()
    batch = batches[0]
    size = len(batch["index"])
    fitting = fitting_batch_size(size, lambda part: try_step({key: value[:part] for key, value in batch.items()}))
    if fitting == 0:
        raise UserError(
            "memory is full, even with one image: make the images smaller (RandomCrop or Resize in augmentation), "
            "or take a smaller network"
        )
    raise UserError(
        f"memory is full with batches of {size} images; {fitting} fit: set training.batch_size={fitting} and "
        f"training.accumulate={len(batches) * ceil_div(size, fitting)} for steps of as many images"
    )


def fitting_batch_size(size: int, step: Callable[[int], object]) -> int:
    """The largest of size/2, size/4, ... with which ``step`` does not run out of memory; 0 if even 1 is too large."""
    while size > 1:
        size //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        try:
            step(size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            return size
    return 0
