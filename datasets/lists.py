"""Lists of a split's files, from any system: one name on each line, or one image and one mask."""

import codecs
import re
from collections.abc import Callable
from pathlib import Path

from .image_files import IMAGE_SUFFIXES


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The non-empty lines with their numbers from 1 on, without byte order mark, and with backslashes as ``/``."""
    content = path.read_bytes()
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    lines = ((number, line.strip().replace("\\", "/")) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in lines if line]


def fields(line: str, known: Callable[[str], bool]) -> list[str]:
    """The names in a line, separated by tabs, commas, semicolons or spaces, whichever gives known names.

    A name may contain spaces: ``images/road 1.jpg masks/road 1.png``.

    Args:
        line: one of :func:`read_lines`.
        known: whether a text is a name of the data set.
    """
    for separator in "\t,;":
        names = [_plain(name) for name in line.split(separator)]
        if len(names) > 1 and known(names[0]):
            return names
    gaps = [(_plain(line[: gap.start()]), _plain(line[gap.end() :])) for gap in re.finditer(r"\s+", line)]
    halves = [list(names) for names in gaps if all(known(name) for name in names)]
    # Two image files come before a name with spaces, which comes before two names without suffix.
    files = [names for names in halves if all(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in names)]
    if files or (halves and not known(_plain(line))):
        return (files or halves)[0]
    if known(_plain(line)):
        return [_plain(line)]
    return [_plain(name) for name in (re.split(r"[\t,;]", line) if re.search(r"[\t,;]", line) else line.split())]


def _plain(name: str) -> str:
    return name.strip().strip("\"'")
