"""Describe a folder that cannot be read as a data set: its files by kind, and the tools that they may come from."""

from collections import Counter

from ..unread import unread_lines
from .tools_files import looks_like
from .tree import Parts, Tree, suffix

SHOWN = 4
Kind = tuple[Parts, str]
"""A folder and a suffix."""


def what_is_there(tree: Tree) -> str:
    """The files of a folder in which nothing pairs up, counted by folder and suffix, the most frequent first."""
    counts: Counter[Kind] = Counter()
    for parts, names in tree.files.items():
        counts.update((parts, suffix(name)) for name in names)
    shown: list[str] = []
    before: Parts | None = None
    for (parts, kind), count in counts.most_common(SHOWN):
        place = "beside them" if parts == before else f"in {'/'.join(parts)}/" if parts else ""
        words = (f"{count:,}", kind or "without suffix", place, _look(tree, parts, kind, count))
        shown.append(" ".join(word for word in words if word))
        before = parts
    more = f" and {len(counts) - SHOWN} kinds more" if len(counts) > SHOWN else ""
    unread = unread_lines(name for names in tree.files.values() for name in names)
    return (", ".join(shown) or "no files") + more + "".join(f"; {line}" for line in unread)


def _look(tree: Tree, parts: Parts, kind: str, count: int) -> str:
    """A description of the first file of a kind."""
    first = next(name for name in tree.files[parts] if suffix(name) == kind)
    found = looks_like(tree.root.joinpath(*parts, first))
    return f"that look{'s'[: count == 1]} {found}" if found else ""
