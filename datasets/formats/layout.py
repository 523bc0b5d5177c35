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
    """A data set as it lies on disk.

    Attributes:
        title: the format in words.
        splits: pairs by split; one of them named ``all`` where the data set has none of its own.
        classes: None where the masks' values must be looked at to know what they mean.
        coding: of the masks; with ``classes`` None it knows no value.
        without_mask: images that have no mask.
        without_image: masks that have no image.
        named: the file that names the classes, where there is one and ``classes`` is None.
        notes: what was left out or taken as something, in words.
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
        """Every pair once, in the order of the splits; lists may name a pair in several."""
        return list(dict.fromkeys(pair for pairs in self.splits.values() for pair in pairs))

    def split(self, name: str) -> list[Pair]:
        """The pairs of one split; ``all`` is all of them.

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
