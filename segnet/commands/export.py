"""``segnet export``: a model as one file that another runtime runs, checked against the network it came from."""

import argparse
from pathlib import Path

from segnet.commands.arguments import data_of, size

EXAMPLE = """\
example:
  segnet export runs/quickstart --format onnx --out street.onnx
  segnet export runs/segnet_lite --format openvino --precision int8 --data /data/CamVid --out segnet_lite_int8.xml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help="run folder, model folder, or the name of a model that comes with the package")
    parser.add_argument(
        "--format", choices=("onnx", "openvino", "torch"), required=True, help="runtime that will run it"
    )
    parser.add_argument("--precision", choices=("fp32", "bf16", "int8"), default="fp32", help="default: fp32")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=".onnx, .xml (and .bin) or .pt2")
    parser.add_argument(
        "--size", type=size, metavar="HxW", help="only size that the file takes (default: any; torch: the training's)"
    )
    parser.add_argument(
        "--data", metavar="FOLDER", help="root of the data to calibrate and check on (default: the run's)"
    )
    parser.add_argument(
        "--images", type=int, default=64, metavar="N", help="images to calibrate and to check on (default: 64)"
    )
    parser.add_argument(
        "--max-loss", type=float, default=1.0, metavar="POINTS", help="mean IoU that bf16 or int8 may cost (default: 1)"
    )


def run(args: argparse.Namespace) -> int:
    from segnet.datasets.load import load_for_one_pass
    from segnet.inference.evaluation import check_classes
    from segnet.inference.export.export import Recipe, export
    from segnet.nn.saved import load_model
    from segnet.terminal import progress_bar

    recipe = Recipe(args.format, args.precision, args.out, args.size, args.images, args.max_loss)
    recipe.validate()
    model = load_model(args.model)
    data = data_of(args.model)
    if args.data:
        data = data.model_copy(update={"root": args.data})
    train, val = load_for_one_pass(data, data.train), load_for_one_pass(data, data.val)
    check_classes(model.info.class_names, val.classes.names)
    with progress_bar("checking") as progress:
        check = export(model, recipe, train, val, data, progress)
    print(check)
    sizes = "any size" if recipe.takes_any_size else "{}x{} alone".format(*(recipe.size or model.info.size))
    print(f"{args.out}: {megabytes(args.out):.1f} MB, takes images of {sizes}")
    return 0


def megabytes(path: Path) -> float:
    weights = path.with_suffix(".bin") if path.suffix == ".xml" else path
    return (path.stat().st_size + (weights.stat().st_size if weights != path else 0)) / 1e6
