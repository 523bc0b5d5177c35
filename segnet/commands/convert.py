"""``segnet convert``: a data set of any known format to the plain layout that ``data.name=folder`` reads."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.commands.inspect import add_format_argument, add_reading_arguments

if TYPE_CHECKING:
    from segnet.datasets.convert import Summary

EXAMPLE = """\
example:
  segnet convert /data/cityscapes data/cityscapes
  segnet convert /data/CamVid-701 data/camvid32 --format camvid-original-32
  segnet convert /data/mine data/mine --split train=all%0..80 --split val=all%80..100 --on-error skip
  segnet convert /data/drives data/drives --split train=all-0016E5 --split val=all@0016E5
Give the same command again to continue an interrupted conversion.
"""

SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("folder", type=Path, help="folder of the data set")
    parser.add_argument("out", type=Path, help="folder to write: images/SPLIT, masks/SPLIT, classes.csv")
    add_format_argument(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        "--split",
        action="append",
        metavar="NAME=CHOICE",
        help="a split to write, from names, @SEQUENCE, -SEQUENCE, %%FROM..TO; may be repeated "
        "(default: the data set's own splits)",
    )
    parser.add_argument(
        "--on-error",
        choices=("fail", "skip"),
        default="fail",
        help="what to do about an unreadable file, missing mask, wrong size or unknown label: stop with an error, "
        "or leave the pair out and continue (default: fail)",
    )
    parser.add_argument(
        "--ignore-unknown", action="store_true", help="give pixels of unknown labels the ignored label, and count them"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")


def run(args: argparse.Namespace) -> int:
    from segnet.datasets.convert import convert
    from segnet.datasets.formats import open_layout
    from segnet.datasets.meaning import look_and_settle
    from segnet.terminal import progress_bar

    splits = dict(split_of(text) for text in args.split) if args.split else None
    source = args.folder.expanduser()
    _, layout = open_layout(source, args.format, args.images, args.masks)
    if layout.classes is None:
        with progress_bar("finding classes", "masks") as progress:
            layout = look_and_settle(layout, args.workers, args.ignore, progress)
    for note in layout.notes:
        print(note)
    with progress_bar("converting", "pairs") as progress:
        summary = convert(
            layout,
            source,
            args.out.expanduser(),
            splits,
            args.on_error == "skip",
            args.ignore_unknown,
            args.workers,
            progress,
        )
    print_summary(summary, args.out)
    return 0


def split_of(text: str) -> tuple[str, str]:
    """Split ``val=all@0016E5`` at the ``=``."""
    from segnet.errors import UserError

    name, equals, choice = text.partition("=")
    if not (name and equals and choice) or set(name) & set("/@+%-"):
        raise UserError(f"--split {text}: expected NAME=CHOICE, as in val=all%80..100")
    return name, choice


def print_summary(summary: "Summary", out: Path) -> None:
    already = f", {summary.already:,} were there already" if summary.already else ""
    print(f"{summary.converted:,} pairs converted{already}, {len(summary.skipped):,} left out")
    if summary.moved:
        print(f"  {summary.moved:,} pixels between classes were read as the nearest class's")
    for title, lines in (
        ("left out", summary.skipped),
        ("ignored", [f"{value}: {pixels:,} pixels of no class" for value, pixels in summary.unknown.most_common()]),
    ):
        for line in lines[:SHOWN]:
            print(f"  {title}: {line}")
        if len(lines) > SHOWN:
            print(f"  ... and {len(lines) - SHOWN:,} more {title}")
    print(f"next: segnet inspect {out} --config configs/{out.resolve().name}.yaml")
