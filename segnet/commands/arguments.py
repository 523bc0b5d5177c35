"""What the commands that run a model have in common: their arguments, the model and the data these name."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segnet.config import DataConfig
    from segnet.datasets.merging import Merge
    from segnet.datasets.samples import ImagesAndMasks
    from segnet.inference.predictor import Predictor

MODEL = "run folder, model folder, exported .onnx or .xml file, or the name of a model that comes with the package"


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


def open_predictor(args: argparse.Namespace, merge: "Merge | None" = None) -> "Predictor":
    from segnet.datasets.merging import only_known
    from segnet.inference.model import open_model
    from segnet.inference.predictor import Predictor, usual_samples

    model = open_model(args.model)
    known = only_known(merge or {}, model.info.class_names)
    samples = usual_samples(model, args.backend) if args.samples is None else args.samples
    return Predictor(model, args.backend, args.precision, args.device, samples, args.size, known)


def say_left_out(problems: Sequence[str], total: int, rest: str) -> int:
    """Name what a command left out; gives its exit code, 0 where that is nothing.

    Args:
        problems: a line for each image that was left out.
        total: images that the command was given.
        rest: what became of the others, as in ``the others are in out``.

    Raises:
        UserError: the command did only a part of its work.
    """
    from segnet.errors import UserError
    from segnet.terminal import say

    if not problems:
        return 0
    if total == 1:
        raise UserError(problems[0])
    for problem in problems:
        say(f"left out: {problem}")
    if len(problems) == total:
        raise UserError(f"none of {total} images is left; the first: {problems[0]}")
    raise UserError(f"{len(problems)} of {total} images left out, named above; {rest}")


def open_split(model: str, split: str | None, root: str | None) -> "ImagesAndMasks":
    """The data that a run was trained on, or CamVid for a model without a run.

    Args:
        model: of the command line.
        split: to load; None: the data's val split.
        root: another folder of such data, or a config that says which data; None: the run's own.
    """
    from segnet.config_file import load_config
    from segnet.datasets.load import load_for_one_pass

    data = data_of(model)
    if root and Path(root).suffix in (".yaml", ".yml"):
        data = load_config(root).data
    elif root:
        data = data.model_copy(update={"root": root})
    return load_for_one_pass(data, split or data.val)


def data_of(model: str) -> "DataConfig":
    from segnet.config import DataConfig
    from segnet.inference.model import ExportedModel, open_model
    from segnet.run_folder import RunFolder

    if Path(model).is_file() and isinstance(opened := open_model(model), ExportedModel):
        return opened.info.data
    config = RunFolder(Path(model)).read_config()
    return config.data if config else DataConfig()
