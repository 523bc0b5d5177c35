"""``segnet export``: a model as one file that another runtime runs, checked against the network it came from."""

import argparse
from pathlib import Path

from segnet.commands.arguments import size

EXAMPLE = """\
example:
  segnet export runs/quickstart --out street.onnx
  segnet export runs/segnet_lite --precision int8 --data /data/CamVid --out segnet_lite_int8.xml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help="run folder, model folder, name of a packaged model, or hf://OWNER/NAME")
    parser.add_argument(
        "--format",
        choices=("onnx", "openvino", "torch", "litert", "executorch", "web"),
        help="runtime of the exported file (default: by FILE's suffix)",
    )
    parser.add_argument("--precision", choices=("fp32", "bf16", "int8"), default="fp32", help="default: fp32")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="file to write: .onnx, .xml (and .bin), .pt2, .tflite or .pte; for web, a folder",
    )
    parser.add_argument(
        "--runtime",
        type=Path,
        metavar="FOLDER",
        help="web: files of ONNX Runtime Web (default: downloaded once with npm, checked and kept)",
    )
    parser.add_argument(
        "--size",
        type=size,
        metavar="HxW",
        help="the only size that the file accepts (default: any; torch: the size of the training)",
    )
    add_check_arguments(parser)


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the check against the network, and of int8's calibration."""
    parser.add_argument(
        "--data", metavar="FOLDER", help="root of the data for calibration and check (default: the run's)"
    )
    parser.add_argument(
        "--images", type=int, default=64, metavar="N", help="images for calibration and check (default: 64)"
    )
    parser.add_argument(
        "--max-loss",
        type=float,
        default=0.01,
        metavar="IOU",
        help="largest loss of mean IoU allowed for bf16 or int8 (default: 0.01)",
    )


def run(args: argparse.Namespace) -> int:
    from segnet.api import export

    if args.format == "web":
        return run_web(args)
    file = export(
        args.model,
        args.out,
        format=args.format,
        precision=args.precision,
        size=args.size,
        data=args.data,
        images=args.images,
        max_loss=args.max_loss,
    )
    print(file.check)
    sizes = "any size" if file.size is None else "{}x{} alone".format(*file.size)
    print(f"{file.path}: {file.megabytes:.1f} MB, takes images of {sizes}")
    return 0


def run_web(args: argparse.Namespace) -> int:
    from segnet.datasets.load import load_for_one_pass
    from segnet.errors import UserError
    from segnet.inference.evaluate import check_classes
    from segnet.model_data import data_of
    from segnet.model_files import CARD
    from segnet.nn.model_folder import find_model, name_of
    from segnet.nn.saved import load_model
    from segnet.terminal import progress_bar
    from segnet.web.site.export import export_site

    if args.precision != "fp32" or args.size:
        raise UserError("--format web: the browser's network is in fp32 and takes any size; leave out the option")
    if args.images < 1:
        raise UserError(f"--images {args.images}: at least 1 is needed to check the page")
    model, folder = load_model(args.model), find_model(args.model)
    data = data_of(args.model, args.data)
    val = load_for_one_pass(data, data.val)
    check_classes(model.info.class_names, val.classes.names)
    card = folder / CARD
    with progress_bar("checking in a browser") as progress:
        check = export_site(
            model,
            name_of(args.model),
            args.out,
            args.runtime,
            val,
            args.images,
            data_of(args.model).name == "scenes",
            card.read_text(encoding="utf-8") if card.is_file() else "",
            progress,
        )
    print(check or "no Chromium or Chrome is here, so the page was not tried: open it before you send it to anyone")
    files = [path for path in args.out.rglob("*") if path.is_file()]
    print(f"{args.out}: {sum(path.stat().st_size for path in files) / 1e6:.1f} MB in {len(files)} files; try it:")
    print(f"python -m http.server --directory {args.out}")
    return 0
