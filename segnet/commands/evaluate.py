"""``segnet evaluate``: all measures of a trained model on a split."""

import argparse
from pathlib import Path

from segnet.commands.arguments import MODEL, add_predictor_arguments, open_model, say_left_out

EXAMPLE = """\
example:
  segnet evaluate runs/quickstart --split val
  segnet evaluate runs/segnet_lite --data /data/CamVid --split val --json measures.json --report report.html
  segnet evaluate segnet_lite_int8.xml --data /data/CamVid --split val
  segnet evaluate runs/segnet_lite --merge thing=Pole,SignSymbol,Fence --merge person=Pedestrian,Bicyclist
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=MODEL)
    parser.add_argument("--split", help="split to measure on (default: the run's val split)")
    parser.add_argument(
        "--data", metavar="FOLDER", help="root of the data, or a config that names the data (default: the run's)"
    )
    parser.add_argument(
        "--merge",
        action="append",
        default=[],
        metavar="NAME=CLASS,CLASS",
        help="measure several classes as one; may be repeated",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measures as JSON")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report page")
    add_predictor_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from segnet.api import evaluate
    from segnet.inference.evaluation_table import evaluation_table
    from segnet.terminal import output_console

    evaluation = evaluate(
        open_model(args),
        split=args.split,
        data=args.data,
        merge=parse_merge(args.merge),
        json=args.json,
        report=args.report,
        skip_errors=True,
    )
    output_console().print(evaluation_table(evaluation.to_json()), highlight=False)
    if args.report:
        print(f"look at {args.report}")
    left_out, measured = list(evaluation.left_out.values()), len(evaluation.names)
    return say_left_out(left_out, len(left_out) + measured, f"the measures are of the other {measured}")


def parse_merge(words: list[str]) -> dict[str, list[str]]:
    """``NAME=CLASS,CLASS`` of the command line.

    Raises:
        UserError: a word has another form, or a name is given twice.
    """
    from segnet.errors import UserError

    merge: dict[str, list[str]] = {}
    for word in words:
        name, equals, members = word.partition("=")
        classes = [member.strip() for member in members.split(",") if member.strip()]
        if not (equals and name.strip() and classes):
            raise UserError(f"--merge {word!r}: expected NAME=CLASS,CLASS, as in vehicle=Car,Truck")
        if name.strip() in merge:
            raise UserError(f"--merge {name.strip()}: given twice; name all of its classes at once")
        merge[name.strip()] = classes
    return merge
