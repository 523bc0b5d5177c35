"""Write the scenes as files in the layout of CamVid's authors."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segnet.errors import UserError
from segnet.lock import lock_file
from segnet.terminal import progress_bar, say

from ..camvid.layout import mask_folder
from ..image_files import as_png
from ..parallel import map_files
from .render import SIZE, render_scene

FACTS = "scenes.json"
VERSION = 8
"""Increased with every change of the drawings, so that old files are drawn again."""
TRAIN, VAL, SEED = 200, 40, 1
MIN_SCENES = 16
"""A smaller number is drawn before processes have started."""
MAX_WORKERS = 8


def write_scenes(root: str | Path, train: int, val: int, size: tuple[int, int] = SIZE, seed: int = 1) -> Path:
    """Write ``train``, ``trainannot``, ``val`` and ``valannot`` below ``root``, and their settings to scenes.json.

    Everything is written to a folder beside ``root``, which replaces it at the end. If two processes write at once, the
    second waits for the first.

    Args:
        root: the folder of the set.
        train: number of training scenes.
        val: number of validation scenes.
        size: height and width in pixels.
        seed: determines all scenes; val has other seeds than train.

    Raises:
        UserError: ``root`` holds something else, or the files cannot be written.
    """
    root = Path(root)
    with _only_writer(root):
        _write(root, train, val, size, seed)
    return root


def ensure_scenes(root: str | Path) -> Path:
    """``root`` with the default set of this version, which is drawn first if it does not exist.

    Raises:
        UserError: as for writing.
    """
    root = Path(root)
    if _is_default(root):
        return root
    with _only_writer(root):
        # Another process may have drawn them while this one waited.
        if not _is_default(root):
            _write(root, TRAIN, VAL, SIZE, SEED)
    return root


@contextmanager
def _only_writer(root: Path) -> Iterator[None]:
    """Hold the lock ``.NAME.lock`` beside ``root``, and turn errors of the disk into messages.

    Raises:
        UserError: ``root`` holds other files, or the disk fails.
    """
    if root.is_dir() and any(root.iterdir()) and not (root / FACTS).is_file():
        raise UserError(f"{root}: holds files that are no sample scenes; name another folder in data.root")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        path = root.with_name(f".{root.name}.lock")
        try:
            lock = lock_file(path)
        except BlockingIOError:
            say(f"{root}: waiting for another process that draws the sample scenes")
            lock = lock_file(path, wait=True)
        with lock:
            yield
    except OSError as error:
        raise UserError(f"{root}: the sample scenes cannot be written ({error.strerror or error})") from None


def _write(root: Path, train: int, val: int, size: tuple[int, int], seed: int) -> None:
    temporary = root.with_name(f".{root.name}.part")
    # A killed writer left this. The lock shows that no other is at work.
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir()
        _write_splits(temporary, {"train": train, "val": val}, size, seed)
        (temporary / FACTS).write_text(json.dumps(_facts(train, val, size, seed), indent=2) + "\n")
        if root.exists():
            shutil.rmtree(root)
        temporary.replace(root)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_default(root: Path) -> bool:
    """Whether ``root`` holds the default set of this version."""
    return _read_facts(root) == _facts(TRAIN, VAL, SIZE, SEED)


def _facts(train: int, val: int, size: tuple[int, int], seed: int) -> dict[str, object]:
    return {"version": VERSION, "train": train, "val": val, "size": list(size), "seed": seed}


def _read_facts(root: Path) -> object:
    try:
        return json.loads((root / FACTS).read_text())
    except (OSError, ValueError):
        return None


def _write_splits(root: Path, counts: dict[str, int], size: tuple[int, int], seed: int) -> None:
    scenes = []
    for place, (split, count) in enumerate(counts.items()):
        for folder in (root / split, mask_folder(root, split)):
            folder.mkdir()
        scenes += [(split, 1_000_000 * seed + 500_000 * place + number) for number in range(count)]
    workers = 1 if len(scenes) < MIN_SCENES else min(os.cpu_count() or 1, MAX_WORKERS)
    with progress_bar("drawing sample scenes", "scenes") as progress:
        for done, _ in enumerate(map_files(_write_scene, (root, size), scenes, workers), start=1):
            progress(done, len(scenes))


def _write_scene(place: tuple[Path, tuple[int, int]], scene: tuple[str, int]) -> None:
    (root, size), (split, seed) = place, scene
    image, mask, name = render_scene(seed, size)
    (root / split / f"{name}.png").write_bytes(as_png(image, compress_level=3))
    (mask_folder(root, split) / f"{name}.png").write_bytes(as_png(mask))
