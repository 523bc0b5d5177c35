"""Convert a data set of a known format to plain folders: ``images/SPLIT``, ``masks/SPLIT``, ``classes.csv``."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from segnet.errors import UserError
from segnet.files import sweep, write_atomically, write_json
from segnet.json_file import read_json

from .classes import ClassSet
from .coding import Coding
from .formats.layout import Layout
from .image_files import as_png, open_header, open_image, orientation_of, read_image
from .pair import Pair
from .parallel import map_files
from .samples import describe_unknown
from .splits import empty_split, select_split

SETTINGS, JOURNAL = "convert.json", "converted.jsonl"
KINDS = ("images", "masks")
COPIED = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""These images are copied if their content fits their suffix, is upright, and has 8 bits for each channel."""


class Item(NamedTuple):
    """A pair and its destination: ``images/NAME`` and ``masks/NAME.png`` in the output folder."""

    pair: Pair
    name: str


class Outcome(NamedTuple):
    """The result for an item: the reason why it was left out, or the pixels of unknown and of snapped values."""

    problem: str
    unknown: dict[str, int]
    moved: int = 0


@dataclass(frozen=True)
class Job:
    """Settings for the processes."""

    out: Path
    classes: ClassSet
    coding: Coding
    ignore_unknown: bool


@dataclass
class Summary:
    """The result of a conversion."""

    converted: int = 0
    already: int = 0
    skipped: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    moved: int = 0

    def add(self, outcome: Outcome) -> None:
        if outcome.problem:
            self.skipped.append(outcome.problem)
        else:
            self.converted += 1
            self.unknown.update(outcome.unknown)
            self.moved += outcome.moved


def convert(
    layout: Layout,
    source: Path,
    out: Path,
    splits: Mapping[str, str] | None = None,
    skip_errors: bool = False,
    ignore_unknown: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Summary:
    """Write the data set to ``out``, and keep the files of an earlier call that was interrupted.

    Args:
        layout: the data set; its classes must be known.
        source: its folder.
        out: a folder that does not exist, is empty, or was begun with the same settings.
        splits: a choice of :mod:`.splits` for each split of ``out``; None: the layout's own splits.
        skip_errors: leave out a pair that cannot be converted, instead of stopping.
        ignore_unknown: give pixels without a class the ignored label, instead of refusing the mask.
        workers: see :func:`.map_files`.
        progress: called with (pairs done, pairs).

    Raises:
        UserError: a pair cannot be converted, or the folder holds other files.
    """
    assert layout.classes is not None
    items = plan(layout, splits)
    if layout.without_mask and not skip_errors:
        raise UserError(
            f"{layout.without_mask[0]}: no mask belongs to it (of {len(layout.without_mask)} such images); "
            "add it, or leave such images out with --on-error skip"
        )
    _open_output(out, layout, source, ignore_unknown)
    done = _read_journal(out)
    waiting = [item for item in items if not _is_done(item, out, done)]
    summary = Summary(already=len(items) - len(waiting))
    summary.skipped += [f"{path}: no mask belongs to it" for path in layout.without_mask]
    for name in {item.name for item in items} - {item.name for item in waiting}:
        summary.unknown.update(done[name].unknown)
        summary.moved += done[name].moved
    progress(summary.already, len(items))
    job = Job(out, layout.classes, layout.coding, ignore_unknown)
    for number, outcome in enumerate(_convert(job, waiting, workers), start=summary.already + 1):
        if outcome.problem and not skip_errors:
            raise UserError(f"{outcome.problem}; go on without such pairs with --on-error skip")
        summary.add(outcome)
        progress(number, len(items))
    return summary


def _convert(job: Job, items: Sequence[Item], workers: int | None) -> Iterator[Outcome]:
    """Convert ``items`` in order. Each that succeeds gets a line in the journal."""
    with (job.out / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write("\n")  # ends an incomplete line of an interrupted conversion
        for item, outcome in zip(items, map_files(convert_pair, job, items, workers), strict=True):
            if not outcome.problem:
                entry = {
                    "name": item.name,
                    "source": _state(item.pair),
                    "unknown": outcome.unknown,
                    "moved": outcome.moved,
                }
                journal.write(json.dumps(entry) + "\n")
                journal.flush()
            yield outcome


def plan(layout: Layout, splits: Mapping[str, str] | None) -> list[Item]:
    """Every pair with its name in the output. A split that consists of others, such as trainval, is left out.

    Raises:
        UserError: a choice of a split is wrong.
    """
    if splits is None:
        chosen = {name: pairs for name, pairs in layout.splits.items() if not _made_up(name, layout.splits)}
    else:
        chosen = {name: select_split(choice, layout.split, layout.title) for name, choice in splits.items()}
    items = []
    for split, pairs in chosen.items():
        if not pairs:
            raise empty_split(layout.title, split)
        items += [Item(pair, f"{split}/{name}") for pair, name in zip(pairs, _names(pairs), strict=True)]
    names = Counter(item.name for item in items)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice:
        raise UserError(f"two images would both become images/{twice}; rename one of them")
    return items


def _names(pairs: Sequence[Pair]) -> list[str]:
    """The images' names. If several are equal, as many folders come before them as make them differ."""
    names = [pair.name for pair in pairs]
    for depth in range(1, max(len(pair.image.parts) for pair in pairs)):
        count = Counter(names)
        if max(count.values()) == 1:
            break
        names = [
            name if count[name] == 1 else "_".join((*pair.image.parts[-1 - depth : -1], pair.name))
            for name, pair in zip(names, pairs, strict=True)
        ]
    return names


def convert_pair(job: Job, item: Item) -> Outcome:
    """Write the image and then the mask, each whole or not at all. A wrong pair is reported, not raised."""
    try:
        image, suffix = _image(item.pair)
        labels, unknown, moved = job.coding.decode(item.pair)
        size = _size_of(item.pair.image, image)
        if size != labels.shape:
            raise UserError(
                f"{item.pair.mask}: the mask is {labels.shape[1]}×{labels.shape[0]} pixels, its image "
                f"{item.pair.image} is {size[1]}×{size[0]}; masks are never resized, save both at the same size"
            )
        if unknown and not job.ignore_unknown:
            raise UserError(f"{item.pair.mask}: {describe_unknown(unknown)}; ignore them with --ignore-unknown")
    except UserError as error:
        return Outcome(str(error), {})
    mask = as_png(labels, job.classes.palette)
    for kind, name, content in zip(KINDS, (f"{item.name}{suffix}", f"{item.name}.png"), (image, mask), strict=True):
        path = job.out / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return Outcome("", unknown, moved)


def _image(pair: Pair) -> tuple[bytes, str]:
    """The file's own bytes if every program reads them alike, else the pixels as PNG."""
    path = pair.image
    if pair.page is not None:
        return as_png(read_image(path, page=pair.page)), ".png"
    header = open_image(path, "image")
    suffix = path.suffix.lower()
    if orientation_of(header) == 1 and header.mode in ("RGB", "L") and header.format == COPIED.get(suffix):
        return path.read_bytes(), suffix
    return as_png(read_image(path)), ".png"


def _size_of(path: Path, content: bytes) -> tuple[int, int]:
    with open_header(path, "image", content) as image:
        return image.height, image.width


def _made_up(name: str, splits: Mapping[str, Sequence[Pair]]) -> bool:
    """Whether this split consists of the other splits that lie within it."""
    members = set(splits[name])
    inner = [set(pairs) for other, pairs in splits.items() if other != name and set(pairs) < members]
    return bool(inner) and set.union(*inner) == members


def _open_output(out: Path, layout: Layout, source: Path, ignore_unknown: bool) -> None:
    """Create the folder, or check that it belongs to the same conversion; remove what a killed one left."""
    assert layout.classes is not None
    settings = {
        "source": str(source.resolve()),
        "layout": layout.title,
        "classes": list(layout.classes.names),
        "ignore_unknown": ignore_unknown,
    }
    out.mkdir(parents=True, exist_ok=True)
    for folder in (out, *(path for kind in KINDS for path in (out / kind).glob("*/"))):
        sweep(folder)
    path, classes = out / SETTINGS, out / "classes.csv"
    if path.is_file():
        if read_json(path, "name another folder or delete it") != settings:
            raise UserError(f"{out}: was begun with other settings (see {path.name}); name another folder or delete it")
    elif any(out.iterdir()):
        raise UserError(f"{out}: holds files that segnet convert did not write; name another folder")
    else:
        write_json(path, settings)
    # A conversion may have been killed between the two files.
    if not classes.is_file():
        write_classes(classes, layout.classes)


def write_classes(path: Path, classes: ClassSet) -> None:
    """Write ``label,name,r,g,b``, a line for each class; the ignored label is last, with the name void."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("label", "name", "r", "g", "b"))
    for label, (name, color) in enumerate(zip(classes.names, classes.colors, strict=True)):
        writer.writerow((label, name, *color))
    writer.writerow((classes.ignore_index, "void", 0, 0, 0))
    write_atomically(path, text.getvalue())


Pixels = Annotated[int, Field(ge=0, le=2**62)]


class Entry(BaseModel):
    """A line of the journal."""

    name: str
    source: list[list[int]]
    unknown: dict[str, Pixels]
    moved: Pixels = 0


def _read_journal(out: Path) -> dict[str, Entry]:
    """The finished items by name. Incomplete and invalid lines are skipped."""
    path = out / JOURNAL
    done = {}
    for line in path.read_bytes().splitlines() if path.is_file() else []:
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError:
            continue
        done[entry.name] = entry
    return done


def _is_done(item: Item, out: Path, done: Mapping[str, Entry]) -> bool:
    entry = done.get(item.name)
    return (
        entry is not None
        and entry.source == _state(item.pair)
        and (out / "masks" / f"{item.name}.png").is_file()
        and any((out / "images" / f"{item.name}{suffix}").is_file() for suffix in COPIED)
    )


def _state(pair: Pair) -> list[list[int]]:
    """Size and time of both files, which change with the files."""
    return [[state.st_size, state.st_mtime_ns] for state in (path.stat() for path in pair.files)]
