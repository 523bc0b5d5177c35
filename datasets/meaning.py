"""Find the classes of a data set, from a file that names them or from the masks' values, with a message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from segnet.errors import UserError

from .class_words import IGNORED_NAMES
from .classes import ClassSet, voc_color
from .coding import Coding
from .formats.class_files import NamedClasses
from .formats.layout import Layout
from .mask_values import CORE, MaskValues, SetValues, together, true_values, values_in
from .masks import GREY, RGB, TRANSPARENT, MaskSource, pack, unpack
from .pair import Pair
from .parallel import map_files
from .unlisted_background import with_background

MAX_CLASSES = 254
SPARSE = 4
"""If more than so many grey values are free for each one in use, the values are codes such as 0, 85, 170, not indices.
"""
VOID = 255
"""The value that most programs give to ignored pixels."""
RARE, RARE_BESIDE_MANY, MANY = 0.2, 0.5, 5
"""Beside small indices, 255 is ignored up to this share of the pixels: beside a few of them, or beside many."""
THIN = 0.5
"""If at least this share of the pixels of 255 lies near other values, 255 is a border."""
Ignore = Literal["auto"] | int | None
"""The ignored value; None: none."""


@dataclass
class Meaning:
    """The meaning of the values in a data set's masks.

    Attributes:
        classes: the classes.
        coding: the class of each value.
        notes: assumptions, in words.
    """

    classes: ClassSet
    coding: Coding
    notes: list[str] = field(default_factory=list)


def meaning_of(
    masks: Sequence[MaskValues], named: NamedClasses | None, source: MaskSource, ignore: Ignore = "auto"
) -> Meaning:
    """Find the meaning of the values in all masks.

    Args:
        masks: the values of each mask.
        named: classes of a file beside the masks; None: the values are the classes.
        source: reads the masks.
        ignore: the ignored value.

    Raises:
        UserError: no mask can be read, the file does not fit the masks, or the values are no classes.
    """
    if named is not None:
        return _of_file(masks, named, source, ignore)
    found = together(masks)
    true = true_values(found)
    notes = _notes_of_moved(found, true)
    meaning = _of_colors(found, true) if found.colored else _of_indices(found, true, ignore)
    coding = replace(meaning.coding, by_color=found.colored, snap=bool(notes), source=source)
    return Meaning(meaning.classes, coding, [*notes, *meaning.notes])


def settled(layout: Layout, masks: Sequence[MaskValues], ignore: Ignore = "auto") -> Layout:
    """The layout with its classes and the meaning of its masks' values; unchanged if its classes are known.

    Raises:
        UserError: as for :func:`meaning_of`.
    """
    if layout.classes is not None:
        return layout
    meaning = meaning_of(masks, layout.named, layout.coding.source, ignore)
    origin = [f"classes: {meaning.coding.origin}"]
    return replace(
        layout, classes=meaning.classes, coding=meaning.coding, notes=[*layout.notes, *origin, *meaning.notes]
    )


def look_and_settle(
    layout: Layout,
    workers: int | None = None,
    ignore: Ignore = "auto",
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Layout:
    """The same, but every mask is read if that is needed.

    Args:
        layout: the layout of a folder.
        workers: see :func:`.map_files`.
        ignore: the ignored value.
        progress: called with (masks done, masks).

    Raises:
        UserError: as for :func:`meaning_of`.
    """
    if layout.classes is not None:
        return layout
    masks = []
    for done, mask in enumerate(map_files(_values_of_pair, layout.coding, layout.pairs, workers), start=1):
        masks += [mask] if mask else []
        progress(done, len(layout.pairs))
    return settled(layout, masks, ignore)


def _values_of_pair(coding: Coding, pair: Pair) -> MaskValues | None:
    try:
        return values_in(coding.read(pair))
    except UserError:
        return None  # it is reported when it is converted


def _notes_of_moved(found: SetValues, true: Sequence[int]) -> list[str]:
    moved = set(found.pixels) - set(true)
    if not moved or not found.share(*moved):
        return []
    shown = ", ".join(f"#{value:06x}" if found.colored else str(value) for value in true[:6])
    more = f" and {len(true) - 6} more" if len(true) > 6 else ""
    count = sum(found.pixels[value] for value in moved)
    return [
        f"{count:,} pixels ({found.share(*moved):.2%}) hold values between classes, as JPEG, smoothing and resizing "
        f"leave them; each is read as the nearest of {shown}{more}"
    ]


def _of_colors(_found: SetValues, true: Sequence[int]) -> Meaning:
    _check(len(true), "colours")
    names = tuple("transparent" if value == TRANSPARENT else f"#{value:06x}" for value in true)
    classes = ClassSet(names, tuple(unpack(value) for value in true))
    colors = {value: label for label, value in enumerate(true)}
    # A black mask among coloured ones may be saved as grey.
    greys = {value & VOID: label for value, label in colors.items() if value == (value & VOID) * GREY}
    return Meaning(classes, Coding(greys, colors))


def _of_indices(found: SetValues, true: Sequence[int], ignore: Ignore) -> Meaning:
    left_out, notes = _left_out(found, true, ignore)
    used = [value for value in true if value != left_out] or [0]
    _check(len(used), "values")
    ignore_index = left_out if left_out is not None and left_out >= len(used) and left_out <= VOID else VOID
    if used in ([0, VOID], [0, 65535]):
        names: tuple[str, ...] = ("background", "foreground")
        colors: list[RGB] = [(0, 0, 0), (255, 255, 255)]
    else:
        if used[-1] + 1 <= SPARSE * len(used) and used[-1] < min(MAX_CLASSES, ignore_index):
            used = list(range(used[-1] + 1))
        names = tuple(f"class {value}" if found.pixels[value] else f"class {value} (never seen)" for value in used)
        colors = _palette_colors(found, used)
    indices = {value: label for label, value in enumerate(used)}
    if left_out is not None:
        indices[left_out] = ignore_index
    return Meaning(ClassSet(names, tuple(colors), ignore_index), Coding(indices, ignore_index=ignore_index), notes)


def _left_out(found: SetValues, true: Sequence[int], ignore: Ignore) -> tuple[int | None, list[str]]:
    """The ignored value: 255 if small indices are in use beside it, and it is rare or only at borders."""
    if ignore != "auto":
        return ignore, []
    others = [value for value in true if value != VOID]
    if VOID not in true or len(others) < 2 or others[-1] + 1 > SPARSE * len(others) or others[-1] >= MAX_CLASSES // 2:
        return None, []
    share = found.share(VOID)
    thin = found.border_255 >= THIN * found.pixels[VOID]
    if thin or share <= (RARE_BESIDE_MANY if len(others) >= MANY else RARE):
        return VOID, [f"255 is taken for left out ({share:.2%} of the pixels); --ignore none makes it a class"]
    return None, [f"255 is taken for a class ({share:.2%} of the pixels); --ignore 255 leaves it out"]


def _palette_colors(found: SetValues, used: Sequence[int]) -> list[RGB]:
    # Grey palettes have no meaning, and a colour of two classes would not tell them apart.
    colors = [found.palette.get(value, (0, 0, 0)) for value in used]
    told_apart = len(set(colors)) == len(colors) and any(len(set(color)) > 1 for color in colors)
    return colors if told_apart else [voc_color(label + 1) for label in range(len(used))]


def _check(count: int, what: str) -> None:
    if count > MAX_CLASSES:
        raise UserError(
            f"the masks hold {count} {what}, more than the {MAX_CLASSES} classes that index masks have room for; "
            "put a classes.csv with label, name, r, g, b beside them that lists the ones you mean"
        )


def _of_file(masks: Sequence[MaskValues], named: NamedClasses, source: MaskSource, ignore: Ignore) -> Meaning:
    if len(set(named.names)) != len(named.names):
        raise UserError(f"{named.path}: two classes have the same name; give each its own")
    by_color = _colors_decide(masks, named)
    found = together(masks, by_color)
    if found.colored and not named.colors:
        raise UserError(
            f"{named.path}: names classes without their colours, but the masks are coloured; write a classes.csv with "
            "name,r,g,b in its place"
        )
    named, unlisted = with_background(found, named)
    values, notes = _values_of_file(found, named)
    notes += unlisted
    classes, coding = classes_of(named, values, ignore)
    if greys := _greys_of_file(found, named, coding):
        coding, found = replace(coding, indices=greys), replace(found, colored=True)
    known = coding.indices if greys or not found.colored else coding.colors
    strange = [value for value in found.pixels if value not in known and value != TRANSPARENT]
    snap = bool(strange) and all(found.lossy or found.cores[v] < CORE * found.pixels[v] for v in strange)
    if snap:
        count = sum(found.pixels[value] for value in strange)
        notes.append(
            f"{count:,} pixels ({count / found.total:.2%}) hold values that {named.path.name} does not list, as JPEG, "
            "smoothing and resizing leave them; each is read as the nearest that it lists"
        )
    if not found.colored and found.pixels[VOID] and coding.indices.get(VOID) == coding.ignore_index:
        notes.append(f"255 is left out ({found.share(VOID):.2%} of the pixels)")
    coding = replace(coding, by_color=found.colored, snap=snap, source=source, origin=str(named.path))
    return Meaning(classes, coding, notes)


def _colors_decide(masks: Sequence[MaskValues], named: NamedClasses) -> bool:
    """Whether palette masks show the file's colours, one for each class, under other indices than the file's."""
    shown = [(v, pack(m.palette.get(v, (0, 0, 0)))) for m in masks if m.kind == "palette" for v in m.pixels]
    color_of = dict(zip(named.values or range(len(named.names)), map(pack, named.colors), strict=False))
    if len(set(color_of.values())) < len(named.names) or not {color for _, color in shown} <= set(color_of.values()):
        return False
    return any(color_of.get(value) != color for value, color in shown)


def _values_of_file(found: SetValues, named: NamedClasses) -> tuple[list[int], list[str]]:
    """The index of each class of a file, and notes about it."""
    places = named.values or list(range(len(named.names)))
    used = {value for value, count in found.pixels.items() if count}
    if found.colored or (used <= {*places, VOID} and used != {0, VOID}):
        return places, []
    try:
        true = true_values(found)
    except UserError:
        return places, []
    if named.values is not None or len(true) != len(places) or true == places:
        return places, []
    shown = ", ".join(f"{value} is {name}" for value, name in zip(true, named.names, strict=True))
    return true, [f"the values are taken in the order of {named.path.name}: {shown}"]


def _greys_of_file(found: SetValues, named: NamedClasses, coding: Coding) -> dict[int, int]:
    """The label of each grey value if grey masks hold the greys of the file's colours; else empty."""
    greys = {value & VOID: label for value, label in coding.colors.items() if value == (value & VOID) * GREY}
    if found.colored or not set(found.pixels) <= set(greys):
        return {}
    # Greys that are also indices of the file are indices: 0 and 1 of a dark palette.
    return {} if set(found.pixels) <= set(named.values or range(len(named.names))) else greys


def classes_of(
    named: NamedClasses, values: Sequence[int] | None = None, ignore: Ignore = "auto"
) -> tuple[ClassSet, Coding]:
    """Classes and coding of a class file. Names such as void stand for ignored pixels.

    Args:
        named: the file.
        values: index of each class; None: the file's, or its position in the file. Negative: no index.
        ignore: another ignored value; ``auto``: 255 if no class has it.
    """
    values = list(values or named.values or range(len(named.names)))
    kept = [
        place for place, name in enumerate(named.names) if name.lower() not in IGNORED_NAMES and values[place] != ignore
    ]
    ignored = [place for place in range(len(named.names)) if place not in kept]
    if len(kept) > 255 or not kept:
        raise UserError(f"{named.path}: {len(kept)} classes; a data set has 1 to 255")
    # In index masks the value of the one ignored class stays if no class has it, so that they are read unchanged.
    by_index = named.values is not None or not named.colors
    stays = by_index and len(ignored) == 1 and len(kept) <= values[ignored[0]] <= 255
    ignore_index = values[ignored[0]] if stays else VOID
    colors = [named.colors[place] for place in kept] if named.colors else [voc_color(n + 1) for n in range(len(kept))]
    label_of = {place: label for label, place in enumerate(kept)} | dict.fromkeys(ignored, ignore_index)
    indices = {values[place]: label for place, label in label_of.items() if values[place] >= 0}
    colored = {pack(named.colors[place]): label for place, label in label_of.items()} if named.colors else {}
    if ignore is not None:
        indices.setdefault(VOID if ignore == "auto" else ignore, ignore_index)
    classes = ClassSet(tuple(named.names[place] for place in kept), tuple(colors), ignore_index)
    return classes, Coding(indices, colored, ignore_index)
