"""``segnet inspect``: describe a folder of images and masks, and write a config that trains on it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from segnet.datasets.inspection.inspection import Inspection

EXAMPLE = """\
example:
  segnet inspect /data/mine
  segnet inspect /data/cityscapes --report inspection.html --json inspection.json
  segnet inspect /data/mine --config configs/mine.yaml && segnet train --config configs/mine.yaml
"""

SHOWN = 3
"""Lines of each kind of finding. The page and the JSON have all of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("folder", type=Path, help="folder of the data set")
    add_format_argument(parser)
    add_reading_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all findings as JSON")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a page with samples, plain and augmented")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="write a config that trains; NAME means configs/NAME.yaml"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    from typing import get_args

    from segnet.config import DataFormat

    names = get_args(DataFormat)
    parser.add_argument(
        "--format", choices=names, metavar="FORMAT", help=f"layout of the data (default: detected): {', '.join(names)}"
    )


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for what cannot be found out: which files are which, and which value is ignored."""
    parser.add_argument("--images", metavar="PATTERN", help="images below the folder, for example 'scans/**/*.png'")
    parser.add_argument(
        "--masks", metavar="PATTERN", help="masks below the folder, for example 'truth' or '**/*_gt.png'"
    )
    parser.add_argument(
        "--ignore",
        type=ignored_value,
        default="auto",
        metavar="N",
        help="mask value to ignore, or none (default: 255 if it cannot be a class)",
    )


def ignored_value(text: str) -> int | str | None:
    if text in ("none", "auto"):
        return None if text == "none" else text
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a value of the masks, none or auto")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from segnet.datasets.inspection.inspection import inspect_folder
    from segnet.files import write_json
    from segnet.terminal import output_console, progress_bar
    from segnet.written_files import check_written

    check_written({"--json": args.json, "--report": args.report}, [args.folder], make_folders=True)
    with progress_bar("looking at pairs", "pairs") as progress:
        inspection = inspect_folder(
            args.folder.expanduser(), args.format, args.workers, progress, args.ignore, args.images, args.masks
        )
    console = output_console()
    print_facts(console, inspection)
    print_classes(console, inspection)
    print_oddities(console, inspection)
    if args.json:
        write_json(args.json, inspection.to_json())
    if args.config:
        from segnet.ready_config import write_config

        path = args.config if args.config.suffix in (".yaml", ".yml") else Path("configs") / f"{args.config}.yaml"
        write_config(path, inspection)
        print(f"train with: segnet train --config {path}")
    if args.report:
        from segnet.report.inspection_page import write_inspection_page

        print(f"look at {write_inspection_page(args.report, inspection)}")
    return 0


def print_facts(console: "Console", inspection: "Inspection") -> None:
    from rich.table import Table

    from segnet.datasets.inspection.words import facts

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in facts(inspection):
        table.add_row(name, value)
    console.print(table)


def print_classes(console: "Console", inspection: "Inspection") -> None:
    from rich.table import Table
    from rich.text import Text

    counts = inspection.counts()
    splits = list(inspection.layout.splits)
    by_split = {split: inspection.counts(split) for split in splits} if len(splits) > 1 else {}
    table = Table("", "class", "pixels", "share", "images", *(f"in {split}" for split in by_split))
    for column in table.columns[2:]:
        column.justify = "right"
    labelled = max(int(counts.pixels.sum()), 1)
    for label, (name, color) in enumerate(zip(inspection.classes.names, inspection.classes.colors, strict=True)):
        swatch = Text("██", style=f"rgb({color[0]},{color[1]},{color[2]})")
        numbers = [f"{counts.pixels[label]:,}", f"{counts.pixels[label] / labelled:.2%}", f"{counts.images[label]:,}"]
        numbers += [f"{known.images[label]:,}" for known in by_split.values()]
        table.add_row(swatch, Text(name), *numbers)
    console.print(table)


def print_oddities(console: "Console", inspection: "Inspection") -> None:
    from segnet.datasets.inspection.words import leak_line, unknown_lines

    if inspection.classes_found:
        console.print("classes found in the masks; a classes.csv (label,name,r,g,b) beside them names and colours them")
    for note in inspection.layout.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    groups = {
        "values that stand for no class": unknown_lines(inspection),
        "the same image twice": [leak_line(leak) for leak in inspection.leaks],
        **inspection.odd,
    }
    for title, details in groups.items():
        if details:
            console.print(f"{title}: {len(details):,}", style="bold", markup=False, highlight=False)
        for detail in details[:SHOWN]:
            console.print(f"  {detail}", markup=False, highlight=False, soft_wrap=True)
        if len(details) > SHOWN:
            console.print(f"  ... and {len(details) - SHOWN:,} more (--json or --report show all)", highlight=False)
