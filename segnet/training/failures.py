"""Failures from outside the code, described in one line: full memory, or a killed loader."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segnet.errors import UserError, is_out_of_memory


@contextmanager
def said_in_a_line(checkpoint: Path) -> Iterator[None]:
    """Turn the failures that PyTorch reports as ``RuntimeError`` or ``ValueError`` into one line.

    Args:
        checkpoint: the line names it as the way to go on.

    Raises:
        UserError: such a failure; every other error is passed on.
    """
    try:
        yield
    except (RuntimeError, ValueError, MemoryError) as error:
        reason = explain(error)
        if reason is None:
            raise
        saved = f"; what was saved is in {checkpoint}, go on with --resume" if checkpoint.exists() else ""
        raise UserError(reason + saved) from None


def explain(error: BaseException) -> str | None:
    """A sentence for ``error``; None for other errors."""
    text = str(error)
    if re.search(r"DataLoader worker .* (killed by signal|exited unexpectedly)", text):
        return (
            "a process that reads images was killed, most often because memory is full; "
            "lower data.workers (0 reads in the main process) or data.cache"
        )
    if "Expected more than 1 value per channel" in text:
        return (
            "a batch of one image is too little for batch norm, since the network makes one value a channel of it: "
            "choose a training.batch_size that leaves no single image at the end of an epoch, or larger images"
        )
    if is_out_of_memory(error):
        return "memory is full; lower training.batch_size, training.val_batch_size, data.workers or the images' size"
    return None
