"""What the system lends processes to share: Docker's default is 64 MB, and some systems lend nothing."""

import multiprocessing
import os
from pathlib import Path

FOLDER = Path("/dev/shm")


def free_shared_memory() -> int | None:
    """Bytes that are free; None where the system does not say."""
    if not FOLDER.is_dir():
        return None
    room = os.statvfs(FOLDER)
    return room.f_bavail * room.f_frsize


def has_semaphores() -> bool:
    """Whether processes can wait for each other, as queues between them need; not where ``/dev/shm`` is read-only."""
    try:
        multiprocessing.get_context().Lock()
    except (OSError, ImportError):
        return False
    return True
