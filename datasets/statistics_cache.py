"""Class counts, kept between runs under a fingerprint of their masks."""

import hashlib
import io
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from segnet.files import cache_folder, write_atomically

from .samples import ImagesAndMasks
from .statistics import ClassCounts, PixelTable, count_by_image, total_counts

SETTLED = 2.0
"""A file must be this many seconds old. A change within a tick of the clock keeps the time stamp."""


def cached_counts(dataset: ImagesAndMasks) -> ClassCounts:
    """The counts of :func:`.count_classes`, counted again only if a mask or the classes have changed.

    Raises:
        UserError: as for counting.
    """
    return total_counts(cached_table(dataset))


def cached_table(dataset: ImagesAndMasks) -> PixelTable:
    """The same of :func:`.count_by_image`.

    Raises:
        UserError: as for counting.
    """
    state = state_of_masks(dataset)
    path = cache_folder() / "statistics" / f"{state}.npz"
    known = _read(path, (len(dataset), len(dataset.classes) + 1)) if state else None
    if known is not None:
        return known
    table = count_by_image(dataset)
    # The table is kept only if the state is the same before and after counting.
    if state and state_of_masks(dataset) == state:
        content = io.BytesIO()
        np.savez_compressed(content, table=table)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content.getvalue())
        except OSError:
            pass  # a read-only home folder is no reason not to train
    return table


def state_of_masks(dataset: ImagesAndMasks) -> str:
    """The state of the masks alone, see :func:`state_of`."""
    return state_of(dataset, (pair.mask for pair in dataset.pairs))


def state_of(dataset: ImagesAndMasks, files: Iterable[Path]) -> str:
    """SHA-256 over files' paths, sizes and times, and the meaning of mask values; empty while files are changing.

    The time is that of the file's last change of any kind, which no copying tool sets back. Nothing is read, so it is
    cheap for any number of files. In contrast, :mod:`.fingerprint` depends on the content, wherever it lies.
    """
    coding = dataset.coding
    meaning = (
        len(dataset.classes),
        dataset.classes.ignore_index,
        dataset.relabelled,
        coding and coding.meaning(),
    )
    digest = hashlib.sha256(repr(meaning).encode())
    # A file of polygons may belong to many images.
    digest.update("\0".join(pair.name for pair in dataset.pairs).encode(errors="surrogateescape"))
    newest = 0
    for path in files:
        try:
            state = path.stat()
        except OSError:
            return ""
        newest = max(newest, state.st_ctime_ns)
        line = (str(path.absolute()), state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
        digest.update(repr(line).encode())
    return digest.hexdigest() if newest < (time.time() - SETTLED) * 1e9 else ""


def _read(path: Path, shape: tuple[int, int]) -> PixelTable | None:
    """A cached table; None if there is none, or the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            table = np.asarray(kept["table"], np.int32)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return table if table.shape == shape else None
