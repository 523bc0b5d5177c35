"""``segnet predict``: index masks, overlays and other files for images."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.commands.arguments import (
    MODEL,
    add_look_arguments,
    add_predictor_arguments,
    look_of,
    open_model,
    say_left_out,
)

if TYPE_CHECKING:
    from segnet.datasets.image_files import Allowed
    from segnet.inference.image_input import ImageInput

EXAMPLE = """\
example:
  segnet predict camvid-lite street.jpg
  segnet predict runs/segnet_lite photos/ 'more/*.png' https://example.org/street.jpg --out predictions --contours
  segnet predict runs/segnet_lite photos/ --recursive --polygons labelme --json shares.json
  cat street.jpg | segnet predict camvid-lite -
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=MODEL)
    parser.add_argument("images", nargs="+", help="images, folders, patterns, http addresses, or - for standard input")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for NAME_mask.png and NAME_overlay.png; for a TIFF stack, both are TIFF stacks too "
        "(default: the first of predictions, predictions_2, ... that is free)",
    )
    parser.add_argument("--recursive", action="store_true", help="include subfolders")
    add_look_arguments(parser)
    add_output_arguments(parser)
    parser.add_argument(
        "--max-pixels",
        type=int,
        metavar="N",
        help="most pixels of an image that is read as a whole (default: 89 million, a quarter of a GiB); with --tile, "
        "larger images are read and written in parts, and their overlays are made smaller",
    )
    add_predictor_arguments(parser)


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--confidence",
        type=int,
        nargs="?",
        const=8,
        metavar="BITS",
        help="write NAME_confidence.png, black for 0 and white for 1, of 8 or 16 bits (default: 8)",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="write NAME_probabilities.npy, (classes, H, W) float16"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each image's class shares")
    parser.add_argument(
        "--polygons",
        choices=("labelme", "coco", "geojson", "yolo"),
        help="write outlines for labelling tools; only geojson keeps holes",
    )
    parser.add_argument(
        "--min-area", type=int, default=16, metavar="PIXELS", help="fewest pixels of a region or hole (default: 16)"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1.0,
        metavar="PIXELS",
        help="largest distance of an outline from the exact one (default: 1)",
    )


def run(args: argparse.Namespace) -> int:
    from segnet.files import sweep, write_json
    from segnet.inference.image_input import find_images, unread_in
    from segnet.inference.large_image import is_large
    from segnet.inference.output_folder import OutputFolder
    from segnet.inference.outputs import Outputs
    from segnet.inference.video.frames import check_varies
    from segnet.terminal import say
    from segnet.written_files import check_output_folder, check_written

    allowed = allowed_images(args.max_pixels)
    look = look_of(args)
    outputs = Outputs(args.confidence, args.probabilities, args.polygons, args.min_area, args.tolerance)
    images = list(find_images(args.images, args.recursive))
    out = args.out or next_folder(Path("predictions"))
    # Otherwise the next call would take the masks for images.
    check_output_folder("--out", out, [word for word in args.images if args.recursive or same_place(word, out)])
    check_written({"--json": args.json}, (image.path for image in images if not image.origin))
    for line in unread_in(args.images, args.recursive):
        say(f"left out: {line}")
    model = open_model(args).for_many(len(images))
    look.shown(model.classes)
    if look.layout == "uncertainty":
        check_varies(model.predictor)
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    writer = OutputFolder(out, outputs, images)
    predict = partial(model.predict, probabilities=outputs.need_probabilities, **vars(look))

    def write(image: "ImageInput") -> None:
        if args.tile and not image.origin and is_large(image.path, allowed):
            writer.write_large(image, model.predictor, look)
        else:
            pages = image.pages(allowed)
            writer.write(image, map(predict, pages.images), stacked=pages.total > 1)

    try:
        problems = write_all(images, write)
    finally:
        # The files written before Ctrl-C are worth having.
        writer.finish(model.classes)
        if args.json:
            write_json(args.json, writer.rows)
    if len(problems) < len(images):
        count = len(images) - len(problems)
        what = f"{count} {'image' if count == 1 else 'images'} in {model.predictor.description}"
        print(f"{what}: masks and overlays in {out}")
    return say_left_out(problems, len(images), f"the others are in {out}")


def allowed_images(max_pixels: int | None) -> "Allowed":
    """The limits of an image, with ``max_pixels`` in the place of the usual number unless it is None."""
    from segnet.datasets.image_files import ALLOWED
    from segnet.errors import UserError

    if max_pixels is not None and max_pixels < 1:
        raise UserError(f"--max-pixels {max_pixels}: 1 or more")
    return ALLOWED._replace(
        max_pixels=max_pixels or ALLOWED.max_pixels,
        advice="see larger ones in tiles (--tile 720x960), or allow them with --max-pixels",
    )


def write_all(images: Sequence["ImageInput"], write: Callable[["ImageInput"], None]) -> list[str]:
    """Call ``write`` for each image, and give the problems of those that cannot be segmented."""
    from segnet.errors import UserError
    from segnet.inference.memory import full_memory_named
    from segnet.terminal import progress_bar

    problems = []
    with progress_bar("segmenting") as progress:
        for done, image in enumerate(images, start=1):
            try:
                with full_memory_named(image.origin or str(image.path)):
                    write(image)
            except UserError as error:
                problems.append(str(error))
            progress(done, len(images))
    return problems


def same_place(word: str, folder: Path) -> bool:
    from segnet.written_files import real_path

    return real_path(word) == real_path(folder)


def next_folder(first: Path) -> Path:
    """``first``, or ``first`` with the lowest number that gives a new folder."""
    import itertools

    numbered = (first.with_name(f"{first.name}_{number}") for number in itertools.count(2))
    return next(folder for folder in itertools.chain([first], numbered) if not folder.exists())
