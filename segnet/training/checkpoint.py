"""Checkpoints that detect damage: atomic writes, a checksum, and earlier checkpoints kept."""

import hashlib
import io
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from segnet.errors import UserError
from segnet.files import temporary_name, write_atomically
from segnet.run_folder import ANEW
from segnet.training.manifest import write_manifest
from segnet.version import __version__

MAGIC = b"segnet checkpoint, sha256 "
TRAILER = len(MAGIC) + hashlib.sha256().digest_size
FORMAT = 1


def save_checkpoint(path: Path, state: dict[str, Any], keep: int = 2) -> None:
    """Write ``state`` (tensors and plain values) to ``path`` and list it in the folder's ``manifest.json``.

    Args:
        path: the newest checkpoint.
        state: :func:`load_checkpoint` returns it.
        keep: number of newest files to keep, ``path`` among them.

    Raises:
        OSError: there is no room or no permission; the earlier checkpoints stay as they were.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": __version__, **state}, buffer)
    payload = buffer.getvalue()
    content = hashlib.sha256(payload)
    trailer = MAGIC + content.digest()
    whole = content.copy()
    whole.update(trailer)
    # The previous checkpoint is renamed only when the new one is safe on the disk.
    write_atomically(path, payload + trailer, before_rename=lambda: keep_previous(path, keep))
    position = state.get("position", {})
    entry = {
        "content_sha256": content.hexdigest(),
        "sha256": whole.hexdigest(),
        "bytes": len(payload) + TRAILER,
        # The epoch of the latest step, counted from 1 as in metrics.csv.
        "epoch": position["epoch"] + bool(position.get("samples")) if "epoch" in position else None,
        "step": position.get("step"),
        "model": state.get("model", {}).get("name"),
        "version": __version__,
        "format": FORMAT,
    }
    write_manifest(path.parent, entry, dict(trailers(path.parent)))


def keep_previous(path: Path, keep: int) -> None:
    """Move the earlier files one place back, and give ``path`` a second name as the first of them."""
    if not path.exists() or keep < 2:
        return
    for index in range(keep - 1, 1, -1):
        if previous(path, index - 1).exists():
            previous(path, index - 1).replace(previous(path, index))
    # A file of this name is removed after a kill.
    link = temporary_name(path)
    os.link(path, link)
    link.replace(previous(path))
    # If a writer was killed in between, both names are one file already, and renaming one to the other does nothing.
    link.unlink(missing_ok=True)


def previous(path: Path, number: int = 1) -> Path:
    """The checkpoint that was saved ``number`` saves before ``path``."""
    return path.with_name(f"previous_{path.name}" if number == 1 else f"previous_{number}_{path.name}")


def candidates(path: Path) -> list[Path]:
    """``path`` and the earlier checkpoints that exist, newest first."""
    before = [previous(path), *sorted(path.parent.glob(f"previous_*_{path.name}"), key=place)]
    return [candidate for candidate in (path, *before) if candidate.exists()]


def place(path: Path) -> int:
    index = path.name.split("_")[1]
    return int(index) if index.isdecimal() else 0


def trailers(folder: Path) -> Iterator[tuple[Path, str]]:
    """The checksum at the end of each checkpoint in ``folder``; it is read, not computed."""
    for path in folder.glob("*.pt"):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TRAILER))
            end = file.read()
        if end.startswith(MAGIC):
            yield path, end[len(MAGIC) :].hex()


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read the checkpoint at ``path``. If it is damaged, say so and read the one before.

    Raises:
        UserError: there is none, or none is whole.
    """
    problems = []
    for candidate in candidates(path):
        try:
            state = read_checked(candidate)
        except ValueError as error:
            problems.append(f"{candidate}: {error}")
            continue
        for problem in problems:
            print(f"{problem}; going on from {candidate.name} instead", file=sys.stderr)
        return state
    if problems:
        raise UserError(f"{'; '.join(problems)}; no checkpoint is left to go on from: {ANEW}")
    raise UserError(f"{path}: no checkpoint to go on from; {ANEW}")


def read_checked(path: Path) -> dict[str, Any]:
    """The state in ``path``.

    Raises:
        ValueError: the file is damaged; the message says how.
    """
    data = path.read_bytes()
    payload, trailer = data[:-TRAILER], data[-TRAILER:]
    if not trailer.startswith(MAGIC):
        raise ValueError("cut short, or not a checkpoint of this program")
    if trailer[len(MAGIC) :] != hashlib.sha256(payload).digest():
        raise ValueError("damaged: its checksum does not match")
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ValueError("holds more than tensors and plain values, which could run code, so it is not read") from None
    if state["format"] != FORMAT:
        raise ValueError(f"written in format {state['format']}, this version reads format {FORMAT}")
    return state
