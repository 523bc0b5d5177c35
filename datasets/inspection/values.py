"""Classes of masks whose meaning nothing says: found out from the values that all of them hold."""

from collections import Counter
from collections.abc import Sequence

from segnet.errors import UserError

from ..classes import ClassSet, voc_color
from ..coding import GREY, RGB, Coding, pack, unpack
from .look import Look

RARE = 1e-4
"""Colours with a smaller share of all pixels are strays, as borders that were blurred or saved as JPEG have them."""
MAX_CLASSES = 254
SPARSE = 4
"""Grey values that leave more than so many numbers free for each one in use are names, not indices: 0, 85, 170."""


def classes_of_values(looks: Sequence[Look]) -> tuple[ClassSet, Coding]:
    """Classes and coding of the values in all masks, named by their numbers or colours.

    Grey and palette values are indices, 255 is ignored; values that leave many numbers free, such as 0 and 255 or 0, 85
    and 170, are classes in their order. Of RGB masks every colour but stray ones is a class.

    Raises:
        UserError: no mask can be read, or there are more values than a mask can tell apart.
    """
    pixels: Counter[int] = Counter()
    colored: Counter[int] = Counter()
    palette: dict[int, RGB] = {}
    # Black masks among coloured ones are colours too.
    any_colors = any(look.kind == "rgb" for look in looks)
    for look in looks:
        if look.kind == "grey rgb" and any_colors:
            colored.update({value * GREY: count for value, count in look.values.items()})
        else:
            (colored if look.kind == "rgb" else pixels).update(look.values)
        palette.update(look.palette)
    if not pixels and not colored:
        raise UserError("no mask can be read, so there are no classes")
    if colored.total() > pixels.total():
        return _of_colors(colored)
    return _of_indices(sorted(pixels), palette)


def _of_colors(colored: Counter[int]) -> tuple[ClassSet, Coding]:
    values = sorted(value for value, count in colored.items() if count >= RARE * colored.total())
    _check(len(values), "colours")
    names = tuple(f"#{value:06x}" for value in values)
    classes = ClassSet(names, tuple(unpack(value) for value in values))
    labels = {value: label for label, value in enumerate(values)}
    return classes, Coding({255: 255}, labels)


def _of_indices(values: list[int], palette: dict[int, RGB]) -> tuple[ClassSet, Coding]:
    if values == [0, 255]:
        classes = ClassSet(("background", "foreground"), ((0, 0, 0), (255, 255, 255)), 254)
        return classes, Coding({0: 0, 255: 1, 254: 254}, {pack((0, 0, 0)): 0, pack((255, 255, 255)): 1}, 254)
    used = [value for value in values if value != 255] or [0]
    _check(len(used), "values")
    if used[-1] + 1 <= SPARSE * len(used) and used[-1] < MAX_CLASSES:
        used = list(range(used[-1] + 1))
    names = tuple(f"class {value}" if value in values else f"class {value} (never seen)" for value in used)
    # Grey palettes say nothing, and a colour that two classes share would not tell them apart.
    colors = [palette.get(value, (0, 0, 0)) for value in used]
    told_apart = len(set(colors)) == len(colors) and any(len(set(color)) > 1 for color in colors)
    if not told_apart:
        colors = [voc_color(label + 1) for label in range(len(used))]
    classes = ClassSet(names, tuple(colors))
    return classes, Coding({255: 255} | {value: label for label, value in enumerate(used)})


def _check(count: int, what: str) -> None:
    if count > MAX_CLASSES:
        raise UserError(
            f"the masks hold {count} {what}, more than the {MAX_CLASSES} classes that index masks have room for; "
            "put a classes.csv with label, name, r, g, b beside them that lists the ones you mean"
        )
