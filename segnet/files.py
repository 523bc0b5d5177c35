"""Files that are either the old one or the new one, whole, whatever happens in between."""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: str | Path, data: bytes | str, before_rename: Callable[[], object] | None = None) -> None:
    r"""Write ``data`` to ``path``: a temporary file in the same folder, synced, renamed, the folder synced.

    Args:
        path: of the file.
        data: its content; text becomes UTF-8, and bytes of a file's name that are no text become ``\udcff``.
        before_rename: called when the data are safe on the disk under the temporary name.

    Raises:
        OSError: no room or no permission; ``path`` is as it was and nothing is left beside it.
    """
    payload = data.encode(errors="backslashreplace") if isinstance(data, str) else data
    with atomic_file(path, before_rename) as file:
        file.write(payload)


@contextmanager
def atomic_file(path: str | Path, before_rename: Callable[[], object] | None = None) -> Iterator[BinaryIO]:
    """As ``write_atomically``, for what is too large to be in memory: a file to write to, which becomes ``path``."""
    path = Path(path)
    temporary = temporary_name(path)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if before_rename:
            before_rename()
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def temporary_name(path: Path) -> Path:
    """A name beside ``path`` that no file has; ``remove_leftovers`` knows it."""
    # Cut, so that the longest name which a file may have has room for the temporary one.
    return path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}")


def remove_leftovers(folder: Path) -> None:
    """Take away the temporary files in ``folder`` of writers that were killed; no other may be writing there."""
    for path in folder.glob(f".*.{'[0-9a-f]' * 8}"):
        path.unlink()


def sha256_of(path: Path) -> str:
    """As ``sha256sum`` gives it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` last through a power cut; without effect where folders cannot be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: str | Path, content: object) -> None:
    """Write plain data as JSON that people can read, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
