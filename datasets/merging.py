"""Merge or ignore classes by name, for every format of masks."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from segnet.errors import UserError

from .class_words import IGNORED_NAMES
from .classes import ClassSet, nearest_name
from .image_files import Pixels
from .samples import ImagesAndMasks, Sample

Merge = Mapping[str, Sequence[str]]
"""Lists of classes to merge, by the name of the merged class."""


class Relabelled(ImagesAndMasks):
    """A data set whose labels are replaced by those of other classes.

    Args:
        dataset: with the labels of its masks.
        classes: the new classes.
        table: new label for each of the 256 labels.
    """

    def __init__(self, dataset: ImagesAndMasks, classes: ClassSet, table: Sequence[int]) -> None:
        # The base's constructor is not called, because the inner data set reads and caches the samples.
        self.dataset, self.classes, self.relabelled = dataset, classes, tuple(table)
        self.pairs, self.coding, self.left_out = dataset.pairs, dataset.coding, dataset.left_out
        self.table = np.array(table, np.uint8)

    def __getitem__(self, index: int) -> Sample:
        sample = self.dataset[index]
        return sample._replace(mask=self.table[sample.mask])

    def mask(self, index: int) -> Pixels:
        return self.table[self.dataset.mask(index)]

    def fingerprint(self) -> str:
        text = f"{self.dataset.fingerprint()} {self.relabelled}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def subset(self, indices: Sequence[int]) -> "Relabelled":
        return Relabelled(self.dataset.subset(indices), self.classes, self.relabelled)


def merge_classes(
    dataset: ImagesAndMasks, merge: Merge, ignore: Sequence[str] = (), setting: str = "data.merge."
) -> ImagesAndMasks:
    """The data set with other classes; unchanged if there is nothing to merge or ignore.

    Args:
        dataset: with the classes of its masks.
        merge: like the config's ``data.merge``.
        ignore: names of classes whose pixels get the ignored label.
        setting: text before the merged class in errors.

    Raises:
        UserError: there is no class of a name, a class is named twice, or no class is left.
    """
    classes, table = merged_classes(dataset.classes, merge, ignore, setting)
    return dataset if classes == dataset.classes else Relabelled(dataset, classes, table)


def merged_classes(
    classes: ClassSet, merge: Merge, ignore: Sequence[str] = (), setting: str = "data.merge."
) -> tuple[ClassSet, list[int]]:
    """The remaining classes, and the new label for each of the 256 labels.

    A merged class takes the position of the first of its members in the data, and the colour of the first one named.

    Raises:
        UserError: as for a data set.
    """
    becomes = _checked(classes, merge, ignore, setting)
    kept: dict[str, tuple[int, int, int]] = {}
    table = list(range(256))
    for label, name in enumerate(classes.names):
        new = becomes.get(name, name)
        if new is None:
            table[label] = classes.ignore_index
            continue
        kept.setdefault(new, classes.colors[classes.names.index(merge[new][0] if new in merge else name)])
        table[label] = list(kept).index(new)
    if not kept:
        raise UserError("data.ignore: no class is left")
    return ClassSet(tuple(kept), tuple(kept.values()), classes.ignore_index), table


def _checked(classes: ClassSet, merge: Merge, ignore: Sequence[str], setting: str) -> dict[str, str | None]:
    """The new class of each named class, or None if it is ignored."""
    becomes: dict[str, str | None] = {}
    entries = [(f"{setting}{new}", name, new) for new, members in merge.items() for name in members]
    for key, name, new in [*entries, *(("data.ignore", name, None) for name in ignore)]:
        if new is None and name not in classes.names and name.lower() in IGNORED_NAMES:
            continue  # the format ignores it already
        if name not in classes.names:
            values = "; values of masks go in data.ignore_values" if new is None and _is_value(name) else ""
            raise UserError(f"{key}: no class {name!r}{values or nearest_name(name, classes.names)}")
        if name in becomes:
            raise UserError(f"{key}: the class {name!r} is named twice; a class goes into one other, or is ignored")
        becomes[name] = new
    for new in merge:
        if new in classes.names and becomes.get(new) != new:
            raise UserError(
                f"{setting}{new}: {new!r} is a class already; name it among those that become one, "
                "or give the merged class another name"
            )
    return becomes


def _is_value(name: str) -> bool:
    return name.isdecimal() or name.startswith("#")


def only_known(merge: Merge, names: Sequence[str]) -> dict[str, list[str]]:
    """The part of ``merge`` whose classes are in ``names``, for a model or a data set that lacks some of them."""
    known = {new: [name for name in members if name in names] for new, members in merge.items()}
    return {new: members for new, members in known.items() if members}


def in_order_of(dataset: ImagesAndMasks, names: Sequence[str]) -> ImagesAndMasks:
    """The data set with its classes in the order of ``names``; unchanged if it has other classes, or this order."""
    classes = dataset.classes
    if classes.names == tuple(names) or sorted(classes.names) != sorted(names):
        return dataset
    colors = tuple(classes.colors[classes.names.index(name)] for name in names)
    table = [list(names).index(name) for name in classes.names]
    return Relabelled(dataset, ClassSet(tuple(names), colors, classes.ignore_index), [*table, *range(len(table), 256)])
