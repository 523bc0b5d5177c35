"""Common arguments of the commands that run a model, and the model that they open."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from segnet.inference.look import Look
    from segnet.inference.network_size import Size
    from segnet.model import Model

LEAST_PIXELS = 256
MODEL = (
    "run folder, model folder, exported .onnx or .xml file, name of a packaged model, or hf://OWNER/NAME[@REVISION] on "
    "the Hugging Face Hub"
)
OWN_MODEL = "run folder, model folder, or the name of a packaged model"


def add_predictor_arguments(parser: argparse.ArgumentParser, samples: int | None = None) -> None:
    """Add the arguments of every command that runs a model. Without ``samples``, the default is that of a report."""
    parser.add_argument(
        "--backend",
        default="auto",
        help="torch, torch-compiled, onnxruntime or openvino (default: an exported file's own runtime; for a network, "
        "openvino to draw a hundred images or more if it is installed, else torch)",
    )
    parser.add_argument(
        "--precision", default="auto", help="fp32, bf16, or auto: the fastest available; evaluate measures in fp32"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    usual = "8 for a Bayesian SegNet, else 1; exported files have no dropout" if samples is None else samples
    parser.add_argument(
        "--samples", type=int, default=samples, metavar="N", help=f"passes with dropout on (default: {usual})"
    )
    parser.add_argument(
        "--size",
        type=network_size,
        metavar="SIZE",
        help="size at which the network sees images: trained (as many pixels as in training), native (its own), "
        "HxW, or a number of pixels (default: trained; with --tile: native)",
    )
    parser.add_argument(
        "--tile", type=size, metavar="HxW", help="split large images into overlapping tiles of this size"
    )
    parser.add_argument("--flip", action="store_true", help="average with the mirror image; takes twice the time")
    parser.add_argument(
        "--scales",
        type=scales,
        default=(1.0,),
        metavar="LIST",
        help="average over several sizes, for example 0.75,1,1.25",
    )


def add_look_arguments(parser: argparse.ArgumentParser, mask: str = "the classes' own colours alone") -> None:
    """Add the arguments of :class:`segnet.inference.look.Look`; ``mask`` describes that layout."""
    parser.add_argument(
        "--layout",
        choices=("overlay", "side", "mask", "uncertainty"),
        default="overlay",
        help=f"side: the image next to it; mask: {mask}; uncertainty needs --samples (default: overlay)",
    )
    parser.add_argument("--opacity", type=float, default=0.5, help="opacity of the overlay, 0 to 1 (default: 0.5)")
    parser.add_argument("--contours", action="store_true", help="draw lines between the classes")
    parser.add_argument(
        "--classes",
        type=lambda text: text.split(","),
        metavar="NAMES",
        help="draw only these classes, for example Car,Pedestrian",
    )
    parser.add_argument("--no-legend", dest="legend", action="store_false", help="omit the strip of names and shares")


def look_of(args: argparse.Namespace) -> "Look":
    """The look from the arguments."""
    from segnet.inference.look import Look

    return Look(args.layout, args.opacity, args.contours, args.classes, args.legend)


def network_size(text: str) -> "Size":
    if text in ("trained", "native"):
        return cast("Size", text)
    if text.isdecimal():
        if int(text) < LEAST_PIXELS:
            raise argparse.ArgumentTypeError(f"{text}: {LEAST_PIXELS} pixels are the least that a network sees")
        return int(text)
    try:
        return size(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected trained, native, HEIGHTxWIDTH as in 360x480, or a number of pixels"
        ) from None


def scales(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected numbers, as in 0.75,1,1.25") from None


def size(text: str) -> tuple[int, int]:
    height, cross, width = text.lower().replace("×", "x").partition("x")
    if not (cross and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"{text!r}: expected HEIGHTxWIDTH, as in 360x480")
    return int(height), int(width)


def open_model(args: argparse.Namespace) -> "Model":
    """The model from the arguments, with their settings."""
    from segnet.model import load

    return load(
        args.model,
        backend=args.backend,
        precision=args.precision,
        device=args.device,
        samples=args.samples,
        size=args.size,
        tile=args.tile,
        flip=args.flip,
        scales=args.scales,
    )


def say_left_out(problems: Sequence[str], total: int, rest: str) -> int:
    """Name the images that a command left out; gives its exit code, 0 if there are none.

    Args:
        problems: a line for each image that was left out.
        total: images that the command was given.
        rest: the place of the others, as in ``the others are in out``.

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
