"""``segnet video``: the classes over every frame of a video or a camera."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.commands.arguments import MODEL, add_predictor_arguments, open_predictor, size

if TYPE_CHECKING:
    from segnet.datasets.classes import ClassSet
    from segnet.inference.overlay import Overlay
    from segnet.inference.video.frames import FrameSegmenter
    from segnet.inference.video.live import Screen
    from segnet.inference.video.segment import Clip, Draw, Row

EXAMPLE = """\
example:
  segnet video runs/quickstart drive.mp4 out.mp4
  segnet video runs/segnet_lite 'frames/*.png' out.webm --size 360x480 --opacity 0.4 --contours
  segnet video runs/segnet_lite drive.mp4 masks/ --layout mask
  segnet video runs/segnet_lite 0
  segnet video runs/segnet_lite rtsp://camera.local/street out.mp4 --mjpeg 8080
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=MODEL)
    parser.add_argument(
        "input", help="video file, folder or pattern of images, number of a camera, or address such as rtsp://..."
    )
    parser.add_argument(
        "output",
        nargs="?",
        type=Path,
        help="video to write: .mp4, .mov, .mkv (H.264) or .webm (VP9); without a suffix, a folder of PNG files; "
        "a camera needs none",
    )
    add_image_arguments(parser)
    parser.add_argument("--start", type=float, default=0, metavar="SECONDS", help="begin here")
    parser.add_argument("--end", type=float, metavar="SECONDS", help="end before here")
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="take every n-th frame (default: 1)")
    parser.add_argument("--fps", type=float, metavar="N", help="images a second, of a folder (default: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each frame's class shares")
    parser.add_argument(
        "--smooth", type=float, default=0, metavar="WEIGHT", help="steady classes along the flow; 0.7 is a good weight"
    )
    parser.add_argument("--flicker", action="store_true", help="measure how unsteady the classes are")
    parser.add_argument("--tile", type=size, metavar="HxW", help="see frames in overlapping tiles of this size")
    parser.add_argument("--batch", type=int, metavar="N", help="frames seen at once (default: 4 on a GPU, else 1)")
    parser.add_argument("--mjpeg", type=int, metavar="PORT", help="look at a camera in a browser on this machine")
    # A video of several passes a frame takes several times as long, which has to be asked for.
    add_predictor_arguments(parser, samples=1)


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layout",
        choices=("overlay", "side", "mask", "uncertainty"),
        default="overlay",
        help="mask: class indices without loss into a folder (PNG) or .mkv (FFV1), else their colours; "
        "uncertainty needs --samples (default: overlay)",
    )
    parser.add_argument("--opacity", type=float, default=0.5, help="of the overlay, 0 to 1 (default: 0.5)")
    parser.add_argument("--contours", action="store_true", help="draw lines between the classes")
    parser.add_argument("--classes", metavar="NAMES", help="draw only these, as in Car,Pedestrian")
    parser.add_argument("--no-legend", action="store_true", help="leave out the strip with names and shares")
    parser.add_argument("--show-rate", action="store_true", help="write the frames a second into the image")


def run(args: argparse.Namespace) -> int:
    from segnet.files import write_json
    from segnet.hardware import keep_freed_memory
    from segnet.inference.video.camera import is_live
    from segnet.inference.video.frames import FrameSegmenter
    from segnet.inference.video.layout import Painter
    from segnet.inference.video.segment import Clip, Row

    clip = Clip(args.start, args.end, args.stride)
    live = is_live(args.input)
    check(args, live)
    keep_freed_memory()
    predictor = open_predictor(args)
    segment = FrameSegmenter(predictor, args.smooth, args.tile, args.layout == "uncertainty", args.flicker)
    overlay = overlay_of(args, predictor.classes)
    painter = Painter(overlay, args.layout, not args.no_legend, args.show_rate)
    rows: list[Row] = []
    try:
        if live:
            watch_camera(args, segment, overlay, painter, clip, rows)
        else:
            segment_file(args, segment, painter, clip, rows)
    finally:
        # Also what was done until Ctrl-C or an error is worth having.
        if args.json and rows:
            write_json(args.json, rows)
    if segment.meter:
        print(flicker_line(segment.meter.flicker))
    return 0


def check(args: argparse.Namespace, live: bool) -> None:
    """Find mistakes before anything is loaded."""
    from segnet.errors import UserError

    if args.output is None and not live:
        raise UserError("OUTPUT is missing: name the video to write, as in out.mp4, or a folder for images")
    if args.mjpeg is not None and not live:
        raise UserError("--mjpeg is for a camera or a stream; a file is written to OUTPUT")
    if not 0 <= args.opacity <= 1:
        raise UserError(f"--opacity {args.opacity}: from 0 to 1")
    if args.batch is not None and args.batch < 1:
        raise UserError(f"--batch {args.batch}: 1 or more")
    if args.fps is not None and not 0.01 <= args.fps <= 1000:
        raise UserError(f"--fps {args.fps}: images a second, from 0.01 to 1000")


def segment_file(
    args: argparse.Namespace, segment: "FrameSegmenter", painter: "Draw", clip: "Clip", rows: "list[Row]"
) -> None:
    import time
    from fractions import Fraction

    from segnet.inference.backends.devices import choose_device
    from segnet.inference.video.reader import IMAGE_RATE, open_source
    from segnet.inference.video.segment import class_indices, open_writer, segment_video
    from segnet.terminal import progress_bar

    rate = Fraction(args.fps).limit_denominator(1001) if args.fps else IMAGE_RATE
    source = open_source(args.input, rate)
    lossless = keeps_numbers(args)
    writer = open_writer(args.output, source, clip, lossless)
    batch = args.batch or (4 if choose_device(args.device).type == "cuda" else 1)
    draw = class_indices if lossless else painter
    begin = time.perf_counter()
    with progress_bar("segmenting", "frames") as bar, counted(bar, args.output) as progress:
        done = segment_video(source, segment, draw, writer, clip, batch, rows if args.json else None, progress)
    print(f"{done} frames, {pace(done, time.perf_counter() - begin)}: {args.output}")


def pace(frames: int, seconds: float) -> str:
    """How fast it went, in the unit in which it is a number above 1."""
    return f"{frames / seconds:.1f} a second" if frames >= seconds else f"{seconds / frames:.1f} seconds each"


@contextmanager
def counted(progress: Callable[[int, int], None], output: Path | None) -> Iterator[Callable[[int, int], None]]:
    """``progress``, and on Ctrl-C a word on what there is by then."""
    frames = 0

    def count(done: int, total: int) -> None:
        nonlocal frames
        frames = done
        progress(done, total)

    try:
        yield count
    except KeyboardInterrupt:
        kept = f" after {frames} frames, which are in {output}" if output and frames else ""
        raise KeyboardInterrupt(f"stopped{kept}") from None


def keeps_numbers(args: argparse.Namespace) -> bool:
    """Whether class indices are written instead of their colours: into all that keeps every one of them."""
    return args.layout == "mask" and args.output is not None and args.output.suffix.lower() in ("", ".mkv")


def watch_camera(
    args: argparse.Namespace,
    segment: "FrameSegmenter",
    overlay: "Overlay",
    painter: "Draw",
    clip: "Clip",
    rows: "list[Row]",
) -> None:
    from functools import partial

    from segnet.inference.video.camera import LiveSource, open_camera, without_password
    from segnet.inference.video.live import watch
    from segnet.inference.video.segment import open_writer
    from segnet.terminal import progress_bar, say

    screens = open_screens(args, overlay)
    name = f"camera {args.input}" if args.input.isdecimal() else without_password(args.input)
    source = LiveSource(name, partial(open_camera, args.input))
    # Only now that there is something to see.
    for words in [screen.words for screen in screens] or ["no display: only the file is written; end with Ctrl-C"]:
        say(words)
    writer = open_writer(args.output, source, clip) if args.output else None
    with progress_bar("watching", "frames") as bar, counted(bar, args.output) as progress:
        done = watch(source, segment, painter, screens, writer, clip, rows if args.json else None, progress)
    print(f"{done} frames, {source.dropped} dropped" + (f": {args.output}" if args.output else ""))


def open_screens(args: argparse.Namespace, overlay: "Overlay") -> "list[Screen]":
    """A browser's page if asked for; else a window, without which a camera can still be written to a file."""
    from segnet.errors import UserError
    from segnet.inference.video.mjpeg import MjpegServer
    from segnet.inference.video.window import Window

    if args.mjpeg is not None:
        return [MjpegServer(args.mjpeg)]
    try:
        return [Window(overlay, Path.cwd())]
    except UserError:
        if args.output is None:
            raise
        return []


def overlay_of(args: argparse.Namespace, classes: "ClassSet") -> "Overlay":
    from segnet.inference.overlay import Overlay

    only = [class_number(name.strip(), classes.names) for name in args.classes.split(",")] if args.classes else None
    return Overlay(classes, args.opacity, args.contours, only)


def class_number(name: str, names: tuple[str, ...]) -> int:
    from segnet.errors import UserError

    lower = [known.lower() for known in names]
    if name.lower() not in lower:
        raise UserError(f"--classes: no class {name!r}; the model knows {', '.join(names)}")
    return lower.index(name.lower())


def flicker_line(flicker: list[float]) -> str:
    """The measure before and, where there is smoothing, after it."""
    words = [f"{value:.3%} of the pixels change class from frame to frame" for value in flicker[:1]]
    words += [f"{value:.3%} after smoothing" for value in flicker[1:]]
    return f"flicker: {', '.join(words)}"
