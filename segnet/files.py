"""Atomic files: a reader sees either the old file or the new one, complete, whatever happens in between."""

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
    with temporary_beside(path) as temporary:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if before_rename:
            before_rename()
        temporary.replace(path)
    sync_folder(path.parent)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files of one folder that belong together, as weights and the settings of their network do.

    Args:
        contents: of each file. The last is the one without which the others are not read.

    Raises:
        OSError: no room or no permission; all files are as they were.
    """
    *_, last = contents
    # As it stands it may belong to the new ones too; then no kill can part them.
    is_same = last.is_file() and last.read_bytes() == contents[last]
    with ExitStack() as held:
        temporaries = {}
        for path, data in contents.items():
            if is_same and path == last:
                continue
            temporaries[path] = held.enter_context(temporary_beside(path))
            with temporaries[path].open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        rename_together(temporaries, last)


def rename_together(temporaries: Mapping[Path, Path], last: Path) -> None:
    """Rename files that are safe on the disk; a kill in between never leaves an old one beside a new one.

    Args:
        temporaries: by the names that they are to have, all in the folder of ``last``.
        last: the name without which the others are not read.
    """
    if last in temporaries and len(temporaries) > 1:
        last.unlink(missing_ok=True)
    for path in sorted(temporaries, key=lambda path: path == last):
        temporaries[path].replace(path)
    sync_folder(last.parent)


@contextmanager
def temporary_beside(path: Path, folder: bool = False) -> Iterator[Path]:
    """A file or a folder beside ``path`` for what is to become it by a rename; what was not renamed is removed.

    It is locked until then, so that ``sweep`` can tell what a process that was killed left behind.
    """
    temporary = temporary_name(path)
    if folder:
        temporary.mkdir(parents=True)
    else:
        temporary.touch(exist_ok=False)
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        # Some network file systems know no locks; what is left there stays.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield temporary
    finally:
        os.close(descriptor)
        remove(temporary)


def temporary_name(path: Path) -> Path:
    """A name beside ``path`` that no file has, which ``sweep`` knows; encoders choose their format by its suffix."""
    # Cut, so that the longest name which a file may have has room for the temporary one.
    return path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.part{path.suffix[:10]}")


TEMPORARY = re.compile(r"\..{0,50}\.[0-9a-f]{8}\.part(\..{0,9})?", re.DOTALL)


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left in ``folder``; those at work have a lock on theirs."""
    for path in folder.glob(".*.part*"):
        if not TEMPORARY.fullmatch(path.name):
            continue
        # Another user's, or removed by its writer meanwhile.
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
            finally:
                os.close(descriptor)


def remove(path: Path) -> None:
    """A file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """As ``sha256sum`` gives it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Make what another library wrote to a file last through a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` last through a power cut; without effect where folders cannot be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cache_folder() -> Path:
    """``segnet`` in the user's cache folder, by the convention of the XDG base directories; it may not be there yet.

    A user without a home, as a container's may be, has a folder that lasts as long as the process.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "segnet"
    try:
        return Path.home() / ".cache" / "segnet"
    except RuntimeError:
        # A name that others could guess in a folder that all may write to would let them put files there.
        return Path(_temporary_cache().name)


@functools.cache
def _temporary_cache() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="segnet-cache-")


def write_json(path: str | Path, content: object) -> None:
    """Write plain data as JSON that people can read, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
