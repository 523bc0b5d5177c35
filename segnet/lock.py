"""Locks on files, held by one process at a time. The system releases them however a process ends."""

import fcntl
from pathlib import Path
from typing import IO


def lock_file(path: Path, wait: bool = False) -> IO[str]:
    """Open ``path``, which is made if it is not there, and lock it against other processes until it is closed.

    Args:
        path: of a file that holds nothing.
        wait: until another process has closed it.

    Raises:
        BlockingIOError: another process has locked it.
        OSError: it cannot be opened or locked.
    """
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file
