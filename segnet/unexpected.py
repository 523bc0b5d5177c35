"""An unexpected error: one line for the user, and the traceback in a file for the maintainers."""

import os
import tempfile
import traceback

from segnet.errors import first_line, is_out_of_memory
from segnet.version import __version__


def describe_unexpected(error: BaseException, arguments: list[str]) -> str:
    """The line, with the path of a log that has the traceback. ``SEGNET_DEBUG=1`` prints the traceback instead.

    Args:
        error: the unexpected error.
        arguments: the command line, for the log.
    """
    if is_out_of_memory(error) and os.environ.get("SEGNET_DEBUG") != "1":
        return "memory is full; end other programs, or take smaller images, batches or networks"
    text = "".join(traceback.format_exception(error))
    what = f"an error that segnet has no sentence for ({type(error).__name__}: {first_line(error)})"
    if os.environ.get("SEGNET_DEBUG") == "1":
        return f"{what}\n{text}"
    try:
        # The temporary folder exists even without a home folder. Nobody else may read the file.
        descriptor, path = tempfile.mkstemp(prefix="segnet-error-", suffix=".log")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"segnet {__version__}: {arguments}\n\n{text}")
    except OSError:
        return f"{what}; set SEGNET_DEBUG=1 to see where"
    return f"{what}; {path} says where: please report it with that file"
