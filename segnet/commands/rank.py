"""``segnet rank``: which images to label next, and which labels to check first."""

import argparse
from pathlib import Path

from segnet.commands.arguments import MODEL, add_predictor_arguments, open_model, say_left_out

EXAMPLE = """\
example:
  segnet rank runs/segnet_lite photos/
  segnet rank runs/bayesian_segnet photos/ --recursive --samples 20 --out next
  segnet rank runs/segnet_lite /data/CamVid --labels --split val
"""

NAMED = 3
"""Number of images that are printed, from the first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=MODEL)
    parser.add_argument(
        "data", help="folder or pattern of images; with --labels, the root of the data, or a config that names the data"
    )
    parser.add_argument("--labels", action="store_true", help="rank labelled images, probably wrong labels first")
    parser.add_argument("--split", help="with --labels, the split to look at (default: the run's val split)")
    parser.add_argument("--recursive", action="store_true", help="include subfolders")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for ranking.csv and ranking.html (default: the first of ranking, ranking_2, ... that is free)",
    )
    add_predictor_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from segnet.api import rank
    from segnet.commands.predict import next_folder

    out = args.out or next_folder(Path("ranking"))
    ranking = rank(
        open_model(args),
        args.data,
        labels=args.labels,
        split=args.split,
        recursive=args.recursive,
        out=out,
        skip_errors=True,
    )
    first = [Path(row["file"]).name for row in ranking.rows[:NAMED]]
    what = "check the labels of" if args.labels else "label"
    passes = f", {ranking.predictor.passes} passes each" if ranking.predictor.passes > 1 else ""
    print(f"{len(ranking.rows)} images in {ranking.predictor.description}{passes}")
    print(f"{what} these first: {', '.join(first)}")
    print(f"look at {out / 'ranking.html'}; {out / 'ranking.csv'} has all")
    total = len(ranking.rows) + len(ranking.left_out)
    return say_left_out(ranking.left_out, total, f"the others are in {out}")
