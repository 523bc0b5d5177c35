"""A fingerprint of a data set's content, with which a resumed run detects changes."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

END = 4096
"""Bytes that are read at each end of a file. They change with the pixels, and are cheap for any size of data set."""


def fingerprint(files: Iterable[Path]) -> str:
    """A fingerprint of the files' names, lengths and ends, in order, but not of their folder or times.

    Times would cost a tenth but would not do. A run may resume with a copy of its data on another machine, with other
    times. It must not resume with a mask that was replaced by a tool which keeps the times.

    A PNG file ends with a checksum of its pixels, so every change is found. A JPEG file has none: a change that keeps
    its length and both ends is missed.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in files:
        for part in (path.name.encode(errors="surrogateescape"), *_length_and_ends(path)):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]


def _length_and_ends(path: Path) -> tuple[bytes, bytes, bytes]:
    """The name, length and ends of a file.

    Python's file objects would take twice the time for hundreds of thousands of files.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        length = os.fstat(descriptor).st_size
        ends = os.pread(descriptor, END, 0), os.pread(descriptor, END, max(0, length - END))
    finally:
        os.close(descriptor)
    return str(length).encode(), *ends
