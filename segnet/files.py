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
    r"""Write ``data`` to a temporary file in the same folder, sync it, rename it to ``path``, and sync the folder.

    Args:
        path: the file.
        data: its content. Text becomes UTF-8, and bytes of a file name that are no text become ``\udcff``.
        before_rename: called when the data are safe on the disk under the temporary name.

    Raises:
        OSError: there is no room or no permission. ``path`` is unchanged, and nothing is left beside it.
    """
    payload = data.encode(errors="backslashreplace") if isinstance(data, str) else data
    with atomic_file(path, before_rename) as file:
        file.write(payload)


@contextmanager
def atomic_file(path: str | Path, before_rename: Callable[[], object] | None = None) -> Iterator[BinaryIO]:
    """Like ``write_atomically``, for content too large for memory: a file to write to, which becomes ``path``."""
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
    """Write files of one folder that belong together, such as weights and the settings of their network.

    Args:
        contents: contents by file. Without the last file, the others are not read.

    Raises:
        OSError: there is no room or no permission. All files are unchanged.
    """
    *_, last = contents
    # The last file may be the same for the old and the new files. Then no kill can separate them.
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
    """Rename files that are safe on the disk. A kill in between never leaves old files beside new ones.

    Args:
        temporaries: temporary files by their final names, all in the folder of ``last``.
        last: the name of the file without which the others are not read.
    """
    if last in temporaries and len(temporaries) > 1:
        last.unlink(missing_ok=True)
    for path in sorted(temporaries, key=lambda path: path == last):
        temporaries[path].replace(path)
    sync_folder(last.parent)


REPLACED = "replaced"


def replace_folder(path: Path, new: Path, held: Path) -> None:
    """Rename a complete folder to ``path``, and replace a folder that is there.

    Args:
        path: the final name.
        new: the folder, inside ``held``.
        held: a folder of ``temporary_beside`` for ``path``. It keeps the old folder in between, so that a failure or
            the sweep after a kill can bring it back.
    """
    sync_files(new)
    if path.is_dir() and any(path.iterdir()):
        (held / REPLACED).mkdir()
        path.rename(held / REPLACED / path.name)
    new.rename(path)
    sync_folder(path.parent)


def discard(temporary: Path) -> None:
    """Remove a temporary file or folder. A folder whose replacement failed gets its name back first."""
    for old in (temporary / REPLACED).glob("*"):
        if not (temporary.parent / old.name).exists():
            old.rename(temporary.parent / old.name)
    remove(temporary)


@contextmanager
def temporary_beside(path: Path, folder: bool = False) -> Iterator[Path]:
    """A temporary file or folder beside ``path``, to be renamed to it. It is removed if that did not happen.

    It is locked until then, so that ``sweep`` recognises the files of a killed process.
    """
    temporary = temporary_name(path)
    if folder:
        temporary.mkdir(parents=True)
    else:
        temporary.touch(exist_ok=False)
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        # Some network file systems have no locks. Files that are left there stay.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield temporary
    finally:
        os.close(descriptor)
        discard(temporary)


def temporary_name(path: Path) -> Path:
    """An unused name beside ``path`` that ``sweep`` knows.

    Its suffix stays, because encoders choose their format by it.
    """
    # It is cut, so that even the longest file name leaves room for the temporary one.
    return path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.part{path.suffix[:10]}")


TEMPORARY = re.compile(r"\..{0,50}\.[0-9a-f]{8}\.part(\..{0,9})?", re.DOTALL)


def sweep(folder: Path) -> None:
    """Remove the files of killed writers in ``folder``. Writers at work hold locks on theirs."""
    for path in folder.glob(".*.part*"):
        if not TEMPORARY.fullmatch(path.name):
            continue
        # The file belongs to another user, or its writer has removed it.
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                discard(path)
            finally:
                os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file or a folder if it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as ``sha256sum`` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Make a file of another library survive a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_files(folder: Path) -> None:
    """Make all files of a new folder survive a power cut."""
    for path in folder.rglob("*"):
        if path.is_file():
            sync_file(path)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut. It has no effect where folders cannot be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cache_folder() -> Path:
    """``segnet`` in the user's cache folder, by the XDG base directories. It may not exist yet.

    A user without a home folder, as in some containers, gets a folder that lasts as long as the process.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "segnet"
    try:
        return Path.home() / ".cache" / "segnet"
    except RuntimeError:
        # The name must be random: others could put files under a known name into a folder that everybody may write to.
        return Path(_temporary_cache().name)


@functools.cache
def _temporary_cache() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="segnet-cache-")


def write_json(path: str | Path, content: object) -> None:
    """Write plain data as JSON that people can read, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
