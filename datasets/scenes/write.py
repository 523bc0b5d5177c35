"""The scenes as files in the layout of CamVid's authors."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2

from segnet.errors import UserError

from ..image_files import as_png
from .render import SIZE, render_scene

FACTS = "scenes.json"
VERSION = 4
"""Grows with every change of what is drawn, so that old files are made anew."""
TRAIN, VAL, SEED = 200, 40, 1


def write_scenes(
    root: str | Path,
    train: int,
    val: int,
    size: tuple[int, int] = SIZE,
    seed: int = 1,
    advance: Callable[[], None] | None = None,
) -> Path:
    """Writes ``train``, ``trainannot``, ``val`` and ``valannot`` below ``root`` and what they are in scenes.json.

    All is made in a folder beside it that takes its place in the end; what was in ``root`` is gone.

    Args:
        root: the folder of the set.
        train, val: numbers of scenes.
        size: height and width in pixels.
        seed: decides all scenes; val has other seeds than train.
        advance: called after each scene.

    Raises:
        UserError: ``root`` holds something else, or the files cannot be written.
    """
    root = Path(root)
    if root.is_dir() and any(root.iterdir()) and not (root / FACTS).is_file():
        raise UserError(f"{root}: holds files that are no sample scenes; name another folder in data.root")
    temporary = None
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
        temporary.chmod(0o755)
        _write_splits(temporary, {"train": train, "val": val}, size, seed, advance)
        (temporary / FACTS).write_text(json.dumps(_facts(train, val, size, seed), indent=2) + "\n")
        if root.exists():
            shutil.rmtree(root)
        temporary.replace(root)
    except OSError as error:
        raise UserError(f"{root}: the sample scenes cannot be written ({error.strerror or error})") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return root


def ensure_scenes(root: str | Path) -> Path:
    """``root``, with the default set of this version in it, which is made first where it is not there yet.

    Raises:
        UserError: as for writing.
    """
    root = Path(root)
    if _read_facts(root) == _facts(TRAIN, VAL, SIZE, SEED):
        return root
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("drawing sample scenes", total=TRAIN + VAL)
        return write_scenes(root, TRAIN, VAL, SIZE, SEED, partial(progress.advance, task))


def _facts(train: int, val: int, size: tuple[int, int], seed: int) -> dict[str, object]:
    return {"version": VERSION, "train": train, "val": val, "size": list(size), "seed": seed}


def _read_facts(root: Path) -> object:
    try:
        return json.loads((root / FACTS).read_text())
    except (OSError, ValueError):
        return None


def _write_splits(
    root: Path, counts: dict[str, int], size: tuple[int, int], seed: int, advance: Callable[[], None] | None
) -> None:
    jobs = []
    for place, (split, count) in enumerate(counts.items()):
        for folder in (split, f"{split}annot"):
            (root / folder).mkdir()
        jobs += [(root, split, 1_000_000 * seed + 500_000 * place + number, size) for number in range(count)]
    workers = min(os.cpu_count() or 1, 8)
    if workers == 1 or len(jobs) < 16:
        for job in jobs:
            _write_scene(job)
            if advance:
                advance()
        return
    # Forking a process that has threads can hang it, so the workers start afresh.
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for _ in pool.map(_write_scene, jobs, chunksize=4):
            if advance:
                advance()


def _write_scene(job: tuple[Path, str, int, tuple[int, int]]) -> None:
    root, split, seed, size = job
    image, mask, name = render_scene(seed, size)
    (root / split / f"{name}.png").write_bytes(as_png(image, compress_level=3))
    (root / f"{split}annot" / f"{name}.png").write_bytes(as_png(mask))
