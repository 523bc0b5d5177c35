"""The folder for a server's uploads: private to this server, and removed by it or by the next server."""

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
"""A folder without a lock may belong to a server that has just started, for so many seconds."""


@contextmanager
def upload_folder() -> Iterator[Path]:
    """A folder that is removed at the end. The folders of killed servers are removed first."""
    remove_left_folders(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, lock_file(Path(name, LOCK)):
        yield Path(name)


def remove_left_folders(temporary: Path) -> None:
    """Remove the folders of this user's servers that no longer run. Their locks are free."""
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
            # The server runs, or another server was faster.
            continue
