"""``segnet evaluate``: all measures of a trained model on a split."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.commands.arguments import MODEL, add_predictor_arguments, open_predictor, open_split, say_left_out

if TYPE_CHECKING:
    from segnet.datasets.samples import ImagesAndMasks
    from segnet.inference.evaluation import Evaluation
    from segnet.inference.predictor import Predictor

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
        "--data", metavar="FOLDER", help="root of the data, or a config that says which data (default: the run's)"
    )
    parser.add_argument(
        "--merge",
        action="append",
        default=[],
        metavar="NAME=CLASS,CLASS",
        help="take classes of the model and of the data for one; once for each",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measures as JSON")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report page")
    add_predictor_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError
    from segnet.files import write_json
    from segnet.inference.evaluation import evaluate
    from segnet.terminal import progress_bar

    if args.report and Path(args.model).is_file():
        raise UserError(f"{args.model}: a report tells of a run's training; leave --report out, or give the run folder")
    merge = parse_merge(args.merge)
    predictor = open_predictor(args, merge)
    dataset = merged_like(predictor, open_split(args.model, args.split, args.data), merge)
    with progress_bar("measuring") as progress:
        evaluation = evaluate(predictor, dataset, progress, skip_errors=True)
    given = len(dataset)
    if evaluation.left_out:
        dataset = dataset.subset([index for index in range(given) if index not in evaluation.left_out])
    print_table(evaluation)
    if args.json:
        write_json(args.json, evaluation.to_json())
    if args.report:
        from segnet.report.page import write_report

        print(f"look at {write_report(Path(args.model), evaluation, predictor, dataset, output=args.report)}")
    left_out = list(evaluation.left_out.values())
    return say_left_out(left_out, given, f"the measures are of the other {len(dataset)}")


def parse_merge(words: list[str]) -> dict[str, list[str]]:
    """``NAME=CLASS,CLASS`` of the command line.

    Raises:
        UserError: a word is not written so, or a name is given twice.
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


def merged_like(predictor: "Predictor", dataset: "ImagesAndMasks", merge: dict[str, list[str]]) -> "ImagesAndMasks":
    """The data with its classes merged as the predictor's are, and in their order.

    Raises:
        UserError: a class is neither one of the model nor one of the data.
    """
    from segnet.datasets.merging import in_order_of, merge_classes, nearest_name, only_known
    from segnet.errors import UserError

    known = [*dict.fromkeys([*predictor.model.info.class_names, *dataset.classes.names])]
    for name, members in merge.items():
        for member in members:
            if member not in known:
                raise UserError(f"--merge {name}: no class {member!r}{nearest_name(member, known)}")
    merged = merge_classes(dataset, only_known(merge, dataset.classes.names), setting="--merge ")
    return in_order_of(merged, predictor.classes.names)


def print_table(evaluation: "Evaluation") -> None:
    from rich.console import Console
    from rich.table import Table

    measures = evaluation.to_json()
    table = Table("class", *(column for column in ("IoU", "recall", "precision", "boundary F1", "pixels", "images")))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in measures["per_class"].items():
        numbers = (
            "–" if row[key] is None else f"{row[key]:.3f}" for key in ("iou", "recall", "precision", "boundary_f1")
        )
        table.add_row(name, *numbers, f"{row['pixels']:,}", str(row["images"]))
    console = Console()
    console.print(table)
    if measures["absent"]:
        console.print(f"left out of the means, in neither truth nor prediction: {', '.join(measures['absent'])}")
    passes = f" · {measures['dropout_samples']} passes with dropout" if measures["dropout_samples"] > 1 else ""
    console.print(
        f"mean IoU {measures['mean_iou']:.4f} · global accuracy {measures['global_accuracy']:.4f} · class accuracy "
        f"{measures['class_accuracy']:.4f} · boundary F1 {measures['boundary_f1']:.4f} · {measures['images']} images"
        f"{passes}",
        highlight=False,
    )
