"""``segnet compare``: several runs on one page."""

import argparse
from pathlib import Path

EXAMPLE = """\
example:
  segnet compare runs/segnet_lite runs/unet runs/segnet
  segnet compare runs/segnet_lite runs/unet --split test --out comparison.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="run folders; each is compared with the first"
    )
    parser.add_argument("--split", help="split to measure on (default: each config's val split)")
    parser.add_argument(
        "--out", type=Path, default=Path("comparison.html"), metavar="FILE", help="the page (default: comparison.html)"
    )
    parser.add_argument("--figures", type=Path, metavar="DIR", help="also write each figure as PNG")


def run(args: argparse.Namespace) -> int:
    from segnet.report.compare import write_comparison
    from segnet.report.runs import open_run
    from segnet.written_files import check_written, files_of_model

    check_written({"--out": args.out}, [file for folder in args.runs for file in files_of_model(folder)])
    page = write_comparison([open_run(folder, args.split) for folder in args.runs], args.out, args.figures)
    print(f"look at {page}")
    return 0
