"""The value 0, or black, of masks whose class file lists the drawn objects but not the background."""

from dataclasses import replace

from .class_words import BACKGROUND
from .formats.class_files import NamedClasses
from .mask_values import CORE, SetValues


def with_background(found: SetValues, named: NamedClasses) -> tuple[NamedClasses, list[str]]:
    """Put ``background`` before the classes of a file if masks have 0 and the file does not, with a note.

    A file with only names counts from 0, so it lists 0.

    Args:
        found: the masks' values, which are colours if ``found.colored``.
        named: the file.
    """
    listed = [red << 16 | green << 8 | blue for red, green, blue in named.colors] if found.colored else named.values
    drawn = found.pixels[0] and found.cores[0] >= CORE * found.pixels[0]
    if not listed or 0 in listed or not drawn or BACKGROUND in (name.lower() for name in named.names):
        return named, []
    colors = [(0, 0, 0), *named.colors] if named.colors else []
    values = [0, *named.values] if named.values is not None and 0 not in named.values else None
    note = (
        f"{'black' if found.colored else '0'} is not in {named.path.name} and is taken for {BACKGROUND} "
        f"({found.share(0):.2%} of the pixels)" + ("" if found.colored else "; --ignore 0 leaves it out")
    )
    return replace(named, names=[BACKGROUND, *named.names], colors=colors, values=values), [note]
