"""Files that are either the old one or the new one, whole, whatever happens in between."""

import json
import os
import secrets
from pathlib import Path


def write_atomically(path: str | Path, data: bytes | str) -> None:
    """Write ``data`` to ``path``: a temporary file in the same folder, synced, renamed, the folder synced.

    Raises:
        OSError: no room or no permission; ``path`` is as it was and nothing is left beside it.
    """
    path = Path(path)
    payload = data.encode() if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


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
