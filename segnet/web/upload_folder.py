"""The folder of a server's uploads: private to this server, and removed by it or by the next server."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segnet.lock import lock_file

PREFIX = "segnet-demo-"
LOCK = ".lock"
NEW_SECONDS = 60
"""In which a folder without a lock may belong to a server that is just starting."""


@contextmanager
def upload_folder() -> Iterator[Path]:
    """A folder that is removed at the end; what killed servers have left is removed first."""
    remove_left_folders(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, lock_file(Path(name, LOCK)):
        yield Path(name)


def remove_left_folders(temporary: Path) -> None:
    """Remove the folders of servers of this user that run no more: their locks are free."""
    for folder in temporary.glob(f"{PREFIX}*"):
        try:
            status = folder.lstat()
            if status.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
                continue
            if not (folder / LOCK).exists() and time.time() - status.st_mtime < NEW_SECONDS:
                continue
            with lock_file(folder / LOCK):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            # It is at work, or another server was faster.
            continue
