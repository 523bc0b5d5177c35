"""``segnet video``: the classes over every frame of a video."""

import argparse
from pathlib import Path

from segnet.commands.evaluate import MODEL, add_predictor_arguments, open_predictor, size

EXAMPLE = """\
example:
  segnet video runs/quickstart drive.mp4 out.mp4
  segnet video runs/segnet_lite 'frames/*.png' out.webm --size 360x480 --opacity 0.4 --contours
  segnet video runs/segnet_lite drive.mp4 masks/ --layout mask
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=MODEL)
    parser.add_argument("input", help="video file, folder of pictures, or a pattern of pictures")
    parser.add_argument(
        "output",
        type=Path,
        help="video to write: .mp4, .mov, .mkv (H.264) or .webm (VP9); without a suffix, a folder of PNG files",
    )
    parser.add_argument(
        "--layout",
        choices=("overlay", "side", "mask", "uncertainty"),
        default="overlay",
        help="mask into a folder gives index masks; uncertainty needs --samples (default: overlay)",
    )
    parser.add_argument("--opacity", type=float, default=0.5, help="of the overlay, 0 to 1 (default: 0.5)")
    parser.add_argument("--contours", action="store_true", help="draw lines between the classes")
    parser.add_argument("--classes", metavar="NAMES", help="draw only these, as in Car,Pedestrian")
    parser.add_argument("--start", type=float, default=0, metavar="SECONDS", help="begin here")
    parser.add_argument("--end", type=float, metavar="SECONDS", help="end before here")
    parser.add_argument("--stride", type=int, default=1, help="take every n-th frame (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each frame's class shares")
    parser.add_argument(
        "--smooth", type=float, default=0, metavar="WEIGHT", help="steady classes along the flow; 0.7 is a good weight"
    )
    parser.add_argument("--tile", type=size, metavar="HxW", help="see frames in overlapping tiles of this size")
    add_predictor_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError
    from segnet.files import write_json
    from segnet.inference.overlay import Overlay
    from segnet.inference.video.frames import FrameSegmenter
    from segnet.inference.video.reader import open_source
    from segnet.inference.video.segment import Clip, segment_video
    from segnet.terminal import progress_bar

    if args.stride < 1:
        raise UserError(f"--stride {args.stride}: every n-th frame is taken, n is 1 or more")
    source = open_source(args.input)
    predictor = open_predictor(args)
    segment = FrameSegmenter(predictor, args.smooth, args.tile, uncertainty=args.layout == "uncertainty")
    classes = predictor.classes
    only = [class_number(name.strip(), classes.names) for name in args.classes.split(",")] if args.classes else None
    overlay = Overlay(classes, args.opacity, args.contours, only)
    with progress_bar("segmenting", "frames") as progress:
        rows = segment_video(
            source,
            segment,
            overlay,
            args.output,
            args.layout,
            Clip(args.start, args.end, args.stride),
            progress,
        )
    if args.json:
        write_json(args.json, rows)
    print(f"{len(rows)} frames: {args.output}")
    return 0


def class_number(name: str, names: tuple[str, ...]) -> int:
    from segnet.errors import UserError

    lower = [known.lower() for known in names]
    if name.lower() not in lower:
        raise UserError(f"--classes: no class {name!r}; the model knows {', '.join(names)}")
    return lower.index(name.lower())
