"""Class counts that are kept from run to run, under a fingerprint of the masks that they were counted from."""

import hashlib
import json
import os
import time
from pathlib import Path

import numpy as np

from segnet.files import write_json

from .coding import Coding
from .samples import ImagesAndMasks
from .statistics import ClassCounts, count_classes

SETTLED = 2.0
"""Seconds that a file must be old: of one that is changed within a tick of the clock the time stamp stays the same."""


def cached_counts(dataset: ImagesAndMasks) -> ClassCounts:
    """The counts of :func:`.count_classes`, counted again only where a mask or the classes have changed.

    Raises:
        UserError: as for counting.
    """
    state = state_of_masks(dataset)
    path = cache_folder() / f"{state}.json"
    known = _read(path, len(dataset.classes)) if state else None
    if known is not None:
        return known
    counts = count_classes(dataset)
    # Counted from what the state says only if it is the same afterwards.
    if state and state_of_masks(dataset) == state:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {name: values.tolist() for name, values in vars(counts).items()})
        except OSError:
            pass  # a read-only home is no reason not to train
    return counts


def cache_folder() -> Path:
    """``segnet/statistics`` in the user's cache folder (XDG_CACHE_HOME, else ``~/.cache``)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "segnet" / "statistics"


def state_of_masks(dataset: ImagesAndMasks) -> str:
    """SHA-256 over the masks' paths, sizes and times, and what their values mean; empty while files are being written.

    The time is that of the file's last change of any kind, which no copying tool sets back. Nothing is read, so it
    costs little for any number of files; :mod:`.fingerprint` is of the content, wherever it lies.
    """
    coding = dataset.coding
    meaning = (
        len(dataset.classes),
        dataset.classes.ignore_index,
        coding and (sorted(coding.indices.items()), sorted(coding.colors.items()), _segments_digest(coding)),
    )
    digest = hashlib.sha256(repr(meaning).encode())
    newest = 0
    for pair in dataset.pairs:
        try:
            state = pair.mask.stat()
        except OSError:
            return ""
        newest = max(newest, state.st_ctime_ns)
        line = (str(pair.mask.absolute()), state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
        digest.update(repr(line).encode())
    return digest.hexdigest() if newest < (time.time() - SETTLED) * 1e9 else ""


def _segments_digest(coding: Coding) -> str:
    """Of COCO's annotations, which say what the numbers in its masks mean."""
    digest = hashlib.sha256()
    for name, segments in sorted((coding.segments or {}).items()):
        digest.update(name.encode() + segments.tobytes())
    return digest.hexdigest()


def _read(path: Path, classes: int) -> ClassCounts | None:
    """Counts that were kept; None where there are none, or the file is damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        arrays = [np.array(kept[name], np.int64) for name in ("pixels", "pixels_where_present", "images")]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return ClassCounts(*arrays) if all(array.shape == (classes,) for array in arrays) else None
