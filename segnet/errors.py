"""The one error type that a user sees as a sentence without a traceback, and what other errors mean."""

import errno

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The disk is full, or what this user or this file may have of it."""

FULL_MEMORY = (
    "CUDA out of memory",
    "DefaultCPUAllocator",
    "bad_alloc",
    "could not create a primitive",
    "Insufficient memory",
    "Failed to allocate memory",
    "Cannot allocate memory",
    "out of memory --- size",
)
"""What PyTorch, C++, oneDNN, OpenCV, ONNX Runtime, Linux and libvips say of full memory; most have no type for it."""


class UserError(Exception):
    """A mistake in the user's input: a file, a setting, a model.

    The message is one line that names what is wrong, where, what was expected and what to do.
    The command line prints it and ends with exit code 1.
    """

    def __str__(self) -> str:
        # A loader's worker process passes its error on as the text of a traceback, which ends with the message.
        return super().__str__().rsplit(f"{__name__}.{type(self).__name__}: ", 1)[-1].strip()


def first_line(error: BaseException) -> str:
    """The first line of another program's error, or its type if it has no text."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device's memory, or the machine's, is full."""
    # PyTorch's own type is told by its name: this module is imported before PyTorch, which takes seconds.
    is_typed = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return is_typed or any(text in str(error) for text in FULL_MEMORY)
