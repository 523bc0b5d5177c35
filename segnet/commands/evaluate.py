"""``segnet evaluate``: all measures of a trained model on a split."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segnet.config import DataConfig
    from segnet.datasets.samples import ImagesAndMasks
    from segnet.inference.evaluation import Evaluation
    from segnet.inference.predictor import Predictor

EXAMPLE = """\
example:
  segnet evaluate runs/quickstart --split val
  segnet evaluate runs/segnet_lite --data /data/CamVid --split val --json measures.json --report report.html
  segnet evaluate segnet_lite_int8.xml --data /data/CamVid --split val
"""

MODEL = "run folder, model folder, exported .onnx or .xml file, or the name of a model that comes with the package"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=MODEL)
    parser.add_argument("--split", help="split to measure on (default: the run's val split)")
    parser.add_argument("--data", metavar="FOLDER", help="root of the data (default: the run's)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measures as JSON")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report page")
    add_predictor_arguments(parser)


def add_predictor_arguments(parser: argparse.ArgumentParser, samples: int | None = None) -> None:
    """The arguments of every command that runs a model; without ``samples`` the default is what a report takes."""
    parser.add_argument(
        "--backend",
        default="auto",
        help="torch, torch-compiled, onnxruntime or openvino (default: torch, or the runtime of an exported file)",
    )
    parser.add_argument("--precision", default="auto", help="fp32, bf16 or auto, the fastest that is at hand")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    usual = "8 for a Bayesian SegNet, else 1; exported files have no dropout" if samples is None else samples
    parser.add_argument(
        "--samples", type=int, default=samples, metavar="N", help=f"passes with dropout on (default: {usual})"
    )
    parser.add_argument("--size", type=size, metavar="HxW", help="size at which the network works (default: as it is)")


def size(text: str) -> tuple[int, int]:
    height, cross, width = text.lower().replace("×", "x").partition("x")
    if not (cross and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"{text!r}: expected HEIGHTxWIDTH, as in 360x480")
    return int(height), int(width)


def open_predictor(args: argparse.Namespace) -> "Predictor":
    from segnet.inference.deploy.model import open_model
    from segnet.inference.predictor import Predictor, usual_samples

    model = open_model(args.model)
    samples = usual_samples(model, args.backend) if args.samples is None else args.samples
    return Predictor(model, args.backend, args.precision, args.device, samples, args.size)


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError
    from segnet.files import write_json
    from segnet.inference.evaluation import evaluate
    from segnet.terminal import progress_bar

    if args.report and Path(args.model).is_file():
        raise UserError(f"{args.model}: a report tells of a run's training; leave --report out, or give the run folder")
    predictor = open_predictor(args)
    dataset = open_split(args.model, args.split, args.data)
    with progress_bar("measuring") as progress:
        evaluation = evaluate(predictor, dataset, progress)
    print_table(evaluation)
    if args.json:
        write_json(args.json, evaluation.to_json())
    if args.report:
        from segnet.report.page import write_report

        print(f"look at {write_report(Path(args.model), evaluation, predictor, dataset, output=args.report)}")
    return 0


def open_split(model: str, split: str | None, root: str | None) -> "ImagesAndMasks":
    """The data that a run was trained on, or CamVid for a model without a run."""
    from segnet.datasets.load import load_for_one_pass

    data = data_of(model)
    if root:
        data = data.model_copy(update={"root": root})
    return load_for_one_pass(data, split or data.val)


def data_of(model: str) -> "DataConfig":
    from segnet.config import DataConfig
    from segnet.config_file import load_config
    from segnet.inference.deploy.model import DeployedModel, open_model

    if Path(model).is_file() and isinstance(opened := open_model(model), DeployedModel):
        return opened.metadata.data
    config = Path(model) / "config.yaml"
    return load_config(config).data if config.is_file() else DataConfig()


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
