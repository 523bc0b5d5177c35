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
        "--format", choices=("onnx", "openvino", "torch", "web"), required=True, help="runtime that will run it"
    )
    parser.add_argument("--precision", choices=("fp32", "bf16", "int8"), default="fp32", help="default: fp32")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".onnx, .xml (and .bin), .pt2, or for web a folder"
    )
    parser.add_argument(
        "--runtime",
        type=Path,
        metavar="FOLDER",
        help="web: the files of ONNX Runtime Web (default: fetched once by npm, checked and kept)",
    )
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

    if args.format == "web":
        return run_web(args)
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


def run_web(args: argparse.Namespace) -> int:
    from segnet.datasets.load import load_for_one_pass
    from segnet.errors import UserError
    from segnet.inference.evaluation import check_classes
    from segnet.nn.saved import find_model, load_model
    from segnet.terminal import progress_bar
    from segnet.web.site.export import export_site

    if args.precision != "fp32" or args.size:
        raise UserError("--format web: the browser's network is in fp32 and takes any size; leave out the option")
    if args.images < 1:
        raise UserError(f"--images {args.images}: at least 1 is needed to check the page")
    model, folder = load_model(args.model), find_model(args.model)
    data = data_of(args.model)
    drawn = data.name == "scenes"
    if args.data:
        data = data.model_copy(update={"root": args.data})
    val = load_for_one_pass(data, data.val)
    check_classes(model.info.class_names, val.classes.names)
    card = folder / "README.md"
    with progress_bar("checking in a browser") as progress:
        check = export_site(
            model,
            folder.resolve().name,
            args.out,
            args.runtime,
            val,
            args.images,
            drawn,
            card.read_text(encoding="utf-8") if card.is_file() else "",
            progress,
        )
    print(check or "no Chromium or Chrome is here, so the page was not tried: open it before you send it to anyone")
    files = [path for path in args.out.rglob("*") if path.is_file()]
    print(f"{args.out}: {sum(path.stat().st_size for path in files) / 1e6:.1f} MB in {len(files)} files; try it:")
    print(f"python -m http.server --directory {args.out}")
    return 0


def megabytes(path: Path) -> float:
    weights = path.with_suffix(".bin") if path.suffix == ".xml" else path
    return (path.stat().st_size + (weights.stat().st_size if weights != path else 0)) / 1e6
