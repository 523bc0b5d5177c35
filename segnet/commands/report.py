"""``segnet report``: the page of a run, its numbers as JSON and CSV, and its figures."""

import argparse
from pathlib import Path

EXAMPLE = """\
example:
  segnet report runs/segnet_lite
  segnet report runs/segnet_lite --split test --out test.html --figures figures
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    # Not "run": that name holds the command's own function.
    parser.add_argument("folder", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("--split", help="what to measure on; without it: the config's val split")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the page; tables go beside it (default: RUN/report.html)"
    )
    parser.add_argument("--figures", type=Path, metavar="DIR", help="also write each figure as PNG")
    parser.add_argument(
        "--samples", type=int, default=1, metavar="N", help="passes with dropout on, for a Bayesian network (50)"
    )


def run(args: argparse.Namespace) -> int:
    from segnet.report.page import write_report
    from segnet.report.runs import open_run
    from segnet.report.tables import write_tables

    measured = open_run(args.folder, args.split, args.samples)
    folder = args.out.parent if args.out else measured.folder
    page = write_report(
        measured.folder,
        measured.evaluation,
        measured.predictor,
        measured.dataset,
        args.out,
        args.figures,
        measured.split,
    )
    write_tables(folder, measured.evaluation, measured.predictor, measured.dataset)
    print(f"look at {page}")
    return 0
