"""``segnet predict``: index masks and overlays of images."""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.commands.arguments import MODEL, add_predictor_arguments, open_model, say_left_out

if TYPE_CHECKING:
    from segnet.datasets.image_files import Allowed, Pixels
    from segnet.inference.prediction import Prediction

EXAMPLE = """\
example:
  segnet predict runs/quickstart street.jpg --out predictions
  segnet predict runs/segnet_lite photos/ 'more/*.png' --out predictions --contours
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=MODEL)
    parser.add_argument("images", nargs="+", help="images, folders of images, or patterns")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for NAME_mask.png and NAME_overlay.png; for a TIFF stack, both are TIFF stacks too",
    )
    parser.add_argument("--opacity", type=float, default=0.5, help="opacity of the overlay, 0 to 1 (default: 0.5)")
    parser.add_argument("--contours", action="store_true", help="draw lines between the classes")
    parser.add_argument(
        "--max-pixels",
        type=int,
        metavar="N",
        help="most pixels of an image that is read as a whole (default: 89 million, a quarter of a GiB); with --tile, "
        "larger images are read and written in parts, and their overlays are made smaller",
    )
    add_predictor_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from segnet.datasets.image_files import ALLOWED
    from segnet.errors import UserError
    from segnet.files import sweep, write_atomically
    from segnet.inference.large_image import is_large, segment_large
    from segnet.inference.overlay import Overlay
    from segnet.inference.prediction import Names
    from segnet.terminal import progress_bar

    if args.max_pixels is not None and args.max_pixels < 1:
        raise UserError(f"--max-pixels {args.max_pixels}: 1 or more")
    allowed = ALLOWED._replace(
        max_pixels=args.max_pixels or ALLOWED.max_pixels,
        advice="see larger ones in tiles (--tile 720x960), or allow them with --max-pixels",
    )
    paths = list(find_images(args.images))
    names = Names()
    model = open_model(args).for_many(len(paths))
    predict = partial(model.predict, opacity=args.opacity, contours=args.contours)
    args.out.mkdir(parents=True, exist_ok=True)
    sweep(args.out)
    problems = []
    with progress_bar("segmenting") as progress:
        for done, path in enumerate(paths, start=1):
            name = names.free_for(path)
            try:
                if args.tile and is_large(path, allowed):
                    overlay = Overlay(model.predictor.classes, args.opacity, args.contours)
                    segment_large(model.predictor, path, overlay, args.out, name)
                    continue
                for ending, content in segmented(path, predict, allowed).items():
                    write_atomically(args.out / f"{name}{ending}", content)
            except UserError as error:
                problems.append(str(error))
            finally:
                progress(done, len(paths))
    if len(problems) < len(paths):
        print(f"{len(paths) - len(problems)} images in {model.predictor.description}: masks and overlays in {args.out}")
    return say_left_out(problems, len(paths), f"the others are in {args.out}")


def segmented(path: Path, predict: "Callable[[Pixels], Prediction]", allowed: "Allowed") -> dict[str, bytes]:
    """The files that an image becomes, by what follows its name; those of a TIFF stack are stacks again.

    Raises:
        UserError: the image cannot be read, or the model cannot work on its size.
    """
    from segnet.datasets.image_files import pages_of, read_image
    from segnet.inference.tiff_stack import TiffStack

    pages = pages_of(path, allowed=allowed)
    if len(pages) == 1:
        return predict(read_image(path, allowed=allowed, page=pages[0] or None)).files()
    with TiffStack() as masks, TiffStack() as overlays:
        for page in pages:
            prediction = predict(read_image(path, allowed=allowed, page=page))
            masks.add(prediction.mask)
            overlays.add(prediction.overlay_with_legend())
    return {"_mask.tif": masks.content, "_overlay.tif": overlays.content}


def find_images(words: list[str]) -> Iterator[Path]:
    """Files as they are named, the images of folders, and what patterns match, in order.

    Raises:
        UserError: a word stands for no image.
    """
    import glob

    from segnet.datasets.image_files import IMAGE_SUFFIXES
    from segnet.datasets.unread import unread_lines
    from segnet.errors import UserError

    for word in words:
        path = Path(word)
        if path.is_dir():
            found = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in IMAGE_SUFFIXES)
        elif path.exists():
            found = [path]
        else:
            found = sorted(Path(match) for match in glob.glob(word))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not found:
            refuse_model(word)
            unread = unread_lines(entry.name for entry in path.iterdir()) if path.is_dir() else []
            raise UserError(
                f"{word}: no image there; give files, folders with {', '.join(sorted(IMAGE_SUFFIXES))}, or patterns"
                + "".join(f". There are {line}" for line in unread)
            )
        yield from found


def refuse_model(word: str) -> None:
    """Say so where a model is named among the images."""
    from segnet.errors import UserError
    from segnet.nn.saved import names_model

    if names_model(word):
        raise UserError(f"{word}: is a model, not an image; the model is named first, then the images")
