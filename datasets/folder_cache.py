"""The list of a folder's names, cached if there are many."""

import hashlib
import os
import time
from pathlib import Path

from segnet.errors import UserError
from segnet.files import cache_folder, write_atomically

KEPT_FROM = 10_000
"""From so many names on, a folder's list is cached. Listing a smaller folder is as fast as reading a list."""

SETTLED_S = 2
"""For so many seconds after a change, another change may get the same time stamp and stay unnoticed."""


def file_names(folder: Path) -> list[str]:
    """All names in ``folder``, sorted.

    The list of a large folder is kept in the user's cache folder with the folder's time stamp, which changes when a
    file is added, renamed or removed. On a network drive, listing takes a minute, and reading the list takes an
    instant.

    Raises:
        UserError: there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    status = folder.stat()
    stamp = f"{status.st_dev} {status.st_ino} {status.st_mtime_ns}"
    kept = cache_folder() / "listings" / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    if (names := _read(kept, stamp)) is not None:
        return names
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    if len(names) >= KEPT_FROM and time.time() - status.st_mtime > SETTLED_S:
        _write(kept, stamp, names)
    return names


def _read(kept: Path, stamp: str) -> list[str] | None:
    try:
        first, *names = os.fsdecode(kept.read_bytes()).split("\0")
    except OSError:
        return None
    return names if first == stamp else None


def _write(kept: Path, stamp: str, names: list[str]) -> None:
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, os.fsencode("\0".join([stamp, *names])))
    except OSError:
        # If the home folder cannot be written to, this only costs time.
        return
