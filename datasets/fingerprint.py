"""A short name for the content of a data set, by which a resumed run knows whether it is still the same."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

END = 4096
"""Bytes read at each end of a file: enough for what changes when pixels change, and cheap for any size of data set."""


def fingerprint(files: Iterable[Path]) -> str:
    """Of the files' names, lengths and both ends, in order; where the data lie and when they were written is not in it.

    A PNG file ends with a checksum of its pixels, so every change of one is seen. A JPEG file has none: a change
    that keeps its length to the byte and both its ends would not be.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            length = path.stat().st_size
            start = file.read(END)
            file.seek(max(0, length - END))
            end = file.read(END)
        for part in (path.name.encode(errors="surrogateescape"), str(length).encode(), start, end):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]
