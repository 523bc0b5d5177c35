"""A fingerprint of a data set's content, by which a resumed run detects changes."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

END = 4096
"""Bytes read at each end of a file: enough for what changes when pixels change, and cheap for any size of data set."""


def fingerprint(files: Iterable[Path]) -> str:
    """Of the files' names, lengths and both ends, in order; where the data lie and when they were written is not in it.

    Times would cost a tenth of it, but would not do: a run may go on with a copy of its data on another machine, which
    has other times, and must not go on with a mask that was replaced by a tool which keeps them.

    A PNG file ends with a checksum of its pixels, so every change of one is seen. A JPEG file has none: a change
    that keeps its length to the byte and both its ends would not be.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in files:
        for part in (path.name.encode(errors="surrogateescape"), *_length_and_ends(path)):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]


def _length_and_ends(path: Path) -> tuple[bytes, bytes, bytes]:
    """Without Python's file objects, which take as long again: there may be hundreds of thousands of files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        length = os.fstat(descriptor).st_size
        ends = os.pread(descriptor, END, 0), os.pread(descriptor, END, max(0, length - END))
    finally:
        os.close(descriptor)
    return str(length).encode(), *ends
