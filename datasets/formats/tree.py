"""All files below a folder, listed once, without stray files."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..image_files import IMAGE_SUFFIXES
from ..strays import is_stray
from ..unread import unread_lines

Parts = tuple[str, ...]
"""A folder's path below the root."""


@dataclass(frozen=True)
class Tree:
    """The files below ``root``.

    Attributes:
        root: the folder.
        files: names of the files of each folder, sorted.
        strays: files and folders left out by :func:`.is_stray`.
    """

    root: Path
    files: dict[Parts, list[str]] = field(default_factory=dict)
    strays: list[Path] = field(default_factory=list)

    def images(self) -> dict[Parts, list[str]]:
        """The image files of each folder that has some."""
        found = {parts: [name for name in names if is_image_name(name)] for parts, names in self.files.items()}
        return {parts: names for parts, names in found.items() if names}

    def with_suffix(self, *suffixes: str) -> Iterator[Path]:
        """The files with one of these suffixes, in lower case."""
        for parts, names in self.files.items():
            folder = self.root.joinpath(*parts)
            yield from (folder / name for name in names if name.lower().endswith(suffixes))

    def notes(self) -> list[str]:
        """Omissions in words: a line for strays, and a line for each format that is not read."""
        lines = []
        if self.strays:
            more = f" and {len(self.strays) - 1:,} more" if len(self.strays) > 1 else ""
            lines.append(f"left out, as no part of the data: {self.strays[0].relative_to(self.root)}{more}")
        names = (name for names in self.files.values() for name in names)
        lines += [f"left out: {line}" for line in unread_lines(names)]
        return lines


def list_tree(root: Path) -> Tree:
    """The files below ``root``. A link to a folder that contains it is not followed."""
    tree = Tree(root)
    _list(tree, (), root, frozenset())
    return tree


def _list(tree: Tree, parts: Parts, folder: Path, above: frozenset[str]) -> None:
    real = os.path.realpath(folder)
    if real in above:
        return
    names, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_stray(entry.name):
                tree.strays.append(folder / entry.name)
            elif entry.is_dir():
                folders.append(entry.name)
            elif entry.is_file():
                names.append(entry.name)
    if names:
        tree.files[parts] = sorted(names)
    for name in sorted(folders):
        _list(tree, (*parts, name), folder / name, above | {real})


def is_image_name(name: str) -> bool:
    return suffix(name) in IMAGE_SUFFIXES


def suffix(name: str) -> str:
    """The suffix of a file's name, in lower case with the dot."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a path for each of 400,000 names takes seconds
