"""Check the files that a command is to write before it begins, not after the work is done."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from segnet.errors import UserError
from segnet.model_files import CONFIG, WEIGHTS


def real_path(path: str | Path) -> Path:
    """The absolute path without links. Unlike ``Path.resolve``, it takes a link to itself, which reading then names."""
    return Path(os.path.realpath(path))


def check_written(
    written: Mapping[str, Path | None], read: Iterable[str | Path] = (), make_folders: bool = False
) -> None:
    """Refuse files that could not be written at the end, or that would replace a file that matters.

    Args:
        written: the files by option, as in ``{"--json": path}``; None if the option was left out.
        read: files and folders that the command reads.
        make_folders: create the folders of the files.

    Raises:
        UserError: two options name the same file, one names a file that is read, or the file cannot be written.
    """
    named: dict[Path, str] = {}
    sources = {real_path(path) for path in read if "\0" not in str(path)}
    for option, path in written.items():
        if path is None:
            continue
        place = real_path(path)
        if place in sources:
            raise UserError(f"{option} {path}: is the input itself; name another file")
        if place in named:
            raise UserError(f"{option} {path}: is what {named[place]} names too; name another file")
        named[place] = option
        if path.is_dir():
            raise UserError(f"{option} {path}: is a folder; name a file in it")
        if make_folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.is_dir():
            raise UserError(f"{option} {path}: there is no folder {path.parent}; create it first")
        if not os.access(path.parent, os.W_OK):
            raise UserError(f"{option} {path}: nothing can be written to {path.parent}; name a file in another folder")


def check_output_folder(option: str, folder: Path, read: Iterable[str | Path]) -> None:
    """Refuse a folder for results that is a file, or that lies inside a folder which the command reads.

    Args:
        option: its option, such as ``--out``.
        folder: it may not exist yet.
        read: files and folders that the command reads.

    Raises:
        UserError: a later call would read its own results, or nothing can be written there.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{option} {folder}: is a file; name a folder")
    for source in map(Path, read):
        if source.is_dir() and real_path(folder).is_relative_to(real_path(source)):
            raise UserError(f"{option} {folder}: is inside the input {source}; name a folder elsewhere")


def files_of_model(model: str | Path) -> list[Path]:
    """The files of a model, or of its run."""
    path = Path(model)
    names = (WEIGHTS, CONFIG, "config.yaml", "metrics.csv", "evaluation.npz")
    return [path, path.with_suffix(".bin"), *(path / name for name in names)]
