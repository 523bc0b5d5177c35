"""Any images and masks: in two folders, in folders by split or scene, or side by side, with any names.

The meaning of the masks' values comes from a file of classes, or from all masks themselves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

from segnet.errors import UserError

from ..coding import Coding
from ..lists import fields, read_lines
from ..pair import Pair
from ..stacks import with_pages
from .class_files import read_class_file
from .layout import Layout
from .names import SPLIT_NAMES, composed
from .pairing import Group, groups_of, pair_up
from .sides import sides_of
from .tree import Parts, Tree, is_image_name, list_tree

Found = TypeVar("Found")

LIST_FOLDERS = ("", "splits", "ImageSets/Segmentation", "ImageSets", "lists")
LIST_NAMES = ("train", "val", "valid", "validation", "trainval", "test")
LIST_ENDINGS = (".txt", ".csv", ".tsv", ".lst", "_list.txt")


def find(root: Path, images: str | None = None, masks: str | None = None) -> Layout | None:
    """The layout if images and masks pair up by their names, else None.

    Args:
        root: the data set's folder.
        images: pattern of the files below it, such as ``scans/**/*.png``, or a folder; None: found out.
        masks: the same for masks.

    Raises:
        UserError: two files stand for one sample, or a list or a class file is wrong.
    """
    tree = list_tree(root)
    pairing = pair_up(root, *_sides(tree, images, masks))
    if not pairing.splits:
        return None
    splits = {split: with_pages(pairs) for split, pairs in pairing.splits.items()}
    pairs = [pair for members in splits.values() for pair in members]
    notes = [*pairing.notes, *tree.notes()]
    if listed := _lists(root, pairs):
        rest = len(set(pairs) - {pair for members in listed.values() for pair in members})
        notes += [f"{rest:,} pairs are in no list, and left out"] if rest else []
        splits = listed
    layout = Layout("images and masks", splits, None, Coding(), pairing.without_mask, pairing.without_image)
    return replace(layout, named=read_class_file(root, folders_of(root, pairs)), notes=notes)


def folders_of(root: Path, pairs: Iterable[Pair]) -> list[Path]:
    """The folders of the files below ``root``, and the folders above them, in which a class file may lie."""
    inner = {folder for pair in pairs for file in pair.files for folder in file.parents}
    return sorted(folder for folder in inner if root in folder.parents)


def _sides(tree: Tree, images: str | None, masks: str | None) -> tuple[list[Group], list[Group]]:
    """The groups of images and the groups of masks."""
    folders = tree.images()
    named = [_matching(tree, folders, pattern) if pattern else None for pattern in (images, masks)]
    taken = {(parts, name) for found in named if found for parts, names in found.items() for name in names}
    rest = {parts: [name for name in names if (parts, name) not in taken] for parts, names in folders.items()}
    groups = groups_of({parts: names for parts, names in rest.items() if names})
    found = ([], []) if images and masks else sides_of(tree.root, groups)
    # If one side is given, all other files may be the other side if nothing looks like it.
    ours, others = (
        groups_of(said) if said else looks_like_it or groups for said, looks_like_it in zip(named, found, strict=True)
    )
    return (ours, others) if images or masks else found


def _matching(tree: Tree, folders: dict[Parts, list[str]], pattern: str) -> dict[Parts, list[str]]:
    """The image files that a pattern matches.

    Raises:
        UserError: there is none.
    """
    paths = set(tree.root.glob(pattern.strip("/")))
    found: dict[Parts, list[str]] = {}
    for parts, names in folders.items():
        folder = tree.root.joinpath(*parts)
        whole = not paths.isdisjoint((folder, *folder.parents))
        chosen = [name for name in names if whole or folder / name in paths]
        if chosen:
            found[parts] = chosen
    if not found:
        raise UserError(f"{tree.root}: no image file is named by the pattern {pattern!r}; it is read below this folder")
    return found


def _lists(root: Path, pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Splits from lists such as ``train.txt``: an image and a mask on each line, or a name on each line."""
    names = _Names(root, pairs)
    found: dict[str, list[Pair]] = {}
    for folder in LIST_FOLDERS:
        for name in LIST_NAMES:
            paths = (root / folder / f"{name}{ending}" for ending in LIST_ENDINGS)
            if path := next((path for path in paths if path.is_file()), None):
                found[SPLIT_NAMES[name]] = names.listed(path)
        if found:
            break
    return {split: listed for split, listed in found.items() if listed}


class _Names:
    """The pairs by every name that a list may use: whole paths or their ends, with or without suffix."""

    def __init__(self, root: Path, pairs: Iterable[Pair]) -> None:
        self.root = root
        self.pairs: dict[str, list[Pair]] = {}
        self.masks: dict[str, Path] = {}
        image_of: dict[str, Path | None] = {}
        for pair in pairs:
            for name in _ends(pair.image.relative_to(root)):
                # A name that fits two images stands for neither.
                image_of[name] = pair.image if image_of.get(name, pair.image) == pair.image else None
                self.pairs.setdefault(name, []).append(pair)
            self.masks |= dict.fromkeys(_ends(pair.mask.relative_to(root)), pair.mask)
        self.pairs = {name: found for name, found in self.pairs.items() if image_of[name]}

    def listed(self, path: Path) -> list[Pair]:
        """The pairs of a list.

        Raises:
            UserError: a line names no image, or a mask that does not exist.
        """
        lines = read_lines(path)
        if len(lines) > 1 and not self._known(lines[0][1]) and self._of_line(path, *lines[1]):
            lines = lines if self._of_line(path, *lines[0]) else lines[1:]  # a header
        pairs, missing = [], []
        for number, line in lines:
            found = self._of_line(path, number, line)
            pairs += found
            missing += [] if found else [line]
        if missing:
            raise UserError(f"{path}: no image with a mask named {missing[0]} (of {len(missing)} missing)")
        return pairs

    def _of_line(self, path: Path, number: int, line: str) -> list[Pair]:
        image, *others = fields(line, self._known)
        pairs = self._find(image, self.pairs) or []
        if not pairs or len(others) != 1 or not is_image_name(others[0]):
            return pairs
        mask = self._find(others[0], self.masks) or self.root / others[0]
        if not mask.is_file():
            raise UserError(f"{path}, line {number}: no such mask for {image}: {mask}")
        return [pair._replace(mask=mask) for pair in pairs]

    def _known(self, name: str) -> bool:
        return self._find(name, self.pairs) is not None or self._find(name, self.masks) is not None

    @staticmethod
    def _find(name: str, table: dict[str, Found]) -> Found | None:
        """Look up the longest known end of a path, since published lists hold paths of their authors' machine."""
        parts = PurePosixPath(composed(name)).parts
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((table[end] for end in ends if end in table), None)


def _ends(path: Path) -> Iterator[str]:
    """``a/b/c.png``, ``b/c.png``, ``c.png`` and the same without suffix."""
    for start in range(len(path.parts)):
        end = composed("/".join(path.parts[start:]))
        yield end
        yield end.removesuffix(path.suffix)
