"""The result of a reader: pairs by split, the classes, and the coding of the masks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from segnet.errors import UserError

from ..classes import ClassSet
from ..coding import Coding
from ..pair import Pair
from .class_files import NamedClasses


@dataclass(frozen=True)
class Layout:
    """The files of a data set and their meaning.

    Attributes:
        title: the format, in words.
        splits: pairs by split; a single one named ``all`` if the data set has no splits.
        classes: the classes; None if they follow only from the masks' values.
        coding: the coding of the masks; it has no values if ``classes`` is None.
        without_mask: images without a mask.
        without_image: masks without an image.
        named: the class file, if there is one and ``classes`` is None.
        notes: omissions and assumptions, in words.
    """

    title: str
    splits: Mapping[str, list[Pair]]
    classes: ClassSet | None
    coding: Coding
    without_mask: list[Path] = field(default_factory=list)
    without_image: list[Path] = field(default_factory=list)
    named: NamedClasses | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def pairs(self) -> list[Pair]:
        """Every pair once, in the order of the splits. Lists may have a pair in several splits."""
        return list(dict.fromkeys(pair for pairs in self.splits.values() for pair in pairs))

    def split(self, name: str) -> list[Pair]:
        """The pairs of one split; ``all`` gives all pairs.

        Raises:
            UserError: there is no such split.
        """
        if name == "all":
            return self.pairs
        if name not in self.splits:
            raise UserError(
                f"{self.title}: no split {name!r}; there is {', '.join(dict.fromkeys((*self.splits, 'all')))}"
            )
        return self.splits[name]
