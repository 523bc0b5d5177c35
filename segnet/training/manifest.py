"""``manifest.json`` in the checkpoints' folder: what each file holds, with its checksum as by ``sha256sum``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segnet.files import write_json
from segnet.run_files import MANIFEST


def write_manifest(folder: Path, newest: dict[str, Any], trailer_of: dict[Path, str]) -> None:
    """List every checkpoint of ``folder``.

    The files change their names as newer ones come, and a crash may fall between a file and the list. Therefore an
    entry is found by the checksum at the end of each file, not by its name.

    Args:
        folder: folder of the checkpoints.
        newest: entry of the newest file: ``content_sha256``, ``sha256``, ``bytes``, ``epoch``, ...
        trailer_of: the checksum at the end of each whole file.
    """
    known = {entry["content_sha256"]: entry for entry in (*read_manifest(folder), newest)}
    entries = [
        {"file": path.name, **{key: value for key, value in known[content].items() if key != "file"}}
        for path, content in sorted(trailer_of.items())
        if content in known
    ]
    write_json(folder / MANIFEST, entries)


def read_manifest(folder: Path) -> Iterator[dict[str, Any]]:
    """The entries of the list; none if the list is missing or damaged."""
    try:
        entries = json.loads((folder / MANIFEST).read_bytes())
        yield from (entry for entry in entries if isinstance(entry["content_sha256"], str))
    except (OSError, ValueError, TypeError, KeyError):
        return
