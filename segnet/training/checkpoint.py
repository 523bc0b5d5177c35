"""Checkpoints that are whole or known not to be: atomic writes, a checksum, the one before kept."""

import hashlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import torch

from segnet.errors import UserError
from segnet.files import write_atomically

MAGIC = b"segnet checkpoint, sha256 "
TRAILER = len(MAGIC) + hashlib.sha256().digest_size
FORMAT = 1


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors and plain values) to ``path``; the file that was there stays as ``previous``.

    Raises:
        OSError: no room or no permission; the checkpoints that were there stay as they were.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    payload = buffer.getvalue()
    keep_previous(path)
    write_atomically(path, payload + MAGIC + hashlib.sha256(payload).digest())


def keep_previous(path: Path) -> None:
    """Give the file at ``path`` a second name, so that replacing ``path`` does not lose it."""
    if not path.exists():
        return
    link = previous(path).with_suffix(".new")
    link.unlink(missing_ok=True)
    os.link(path, link)
    link.replace(previous(path))


def previous(path: Path) -> Path:
    return path.with_name(f"previous_{path.name}")


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read the checkpoint at ``path``, or the one before it where ``path`` is damaged, which is said aloud.

    Raises:
        UserError: there is none, or none that is whole.
    """
    problems = []
    for candidate in (path, previous(path)):
        if not candidate.exists():
            continue
        try:
            state = read_checked(candidate)
        except ValueError as error:
            problems.append(f"{candidate}: {error}")
            continue
        for problem in problems:
            print(f"{problem}; going on from {candidate.name} instead", file=sys.stderr)
        return state
    if problems:
        raise UserError(f"{'; '.join(problems)}; no checkpoint is left to go on from: train without --resume")
    raise UserError(f"{path}: no checkpoint to go on from; train without --resume")


def read_checked(path: Path) -> dict[str, Any]:
    """The state in ``path``; ``ValueError`` says what is wrong with the file."""
    data = path.read_bytes()
    payload, trailer = data[:-TRAILER], data[-TRAILER:]
    if not trailer.startswith(MAGIC):
        raise ValueError("cut short, or not a checkpoint of this program")
    if trailer[len(MAGIC) :] != hashlib.sha256(payload).digest():
        raise ValueError("damaged: its checksum does not match")
    state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    if state["format"] != FORMAT:
        raise ValueError(f"written in format {state['format']}, this version reads format {FORMAT}")
    return state
