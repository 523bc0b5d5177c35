"""``segnet video``: draw the classes over every frame of a video or a camera."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.commands.arguments import MODEL, add_look_arguments, add_predictor_arguments, open_model

if TYPE_CHECKING:
    from segnet.inference.overlay import Overlay
    from segnet.inference.predictor import Predictor
    from segnet.inference.video.file import SegmentedVideo
    from segnet.inference.video.live import Screen
    from segnet.inference.video.settings import VideoSettings

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
        "input",
        help="video file, folder or pattern of images, - for standard input, camera number, or address such as rtsp://...",
    )
    parser.add_argument(
        "output",
        nargs="?",
        type=Path,
        help="video to write: .mp4, .mov, .mkv (H.264) or .webm (VP9); without a suffix, a folder of PNG files; "
        "optional for a camera",
    )
    add_look_arguments(
        parser, mask="lossless class indices in a folder (PNG) or .mkv (FFV1), otherwise their own colours"
    )
    parser.add_argument("--show-rate", action="store_true", help="show the frames per second in the image")
    parser.add_argument("--start", type=float, default=0, metavar="SECONDS", help="start at this time")
    parser.add_argument("--end", type=float, metavar="SECONDS", help="stop before this time")
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="take every n-th frame (default: 1)")
    parser.add_argument("--fps", type=float, metavar="N", help="frame rate of a folder of images (default: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each frame's class shares")
    parser.add_argument(
        "--smooth",
        type=float,
        default=0,
        metavar="WEIGHT",
        help="average classes along the optical flow; 0.7 is a good weight",
    )
    parser.add_argument("--flicker", action="store_true", help="measure how often classes change between frames")
    parser.add_argument(
        "--batch", type=int, metavar="N", help="frames that the network sees at once (default: 4 on a GPU, else 1)"
    )
    parser.add_argument(
        "--mjpeg", type=int, metavar="PORT", help="show a camera on a page of this machine, at this port"
    )
    # Several passes take several times as long, so the user has to ask for them.
    add_predictor_arguments(parser, samples=1)


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError
    from segnet.hardware import keep_freed_memory
    from segnet.inference.video.camera import is_live
    from segnet.inference.video.file import segment_file
    from segnet.inference.video.settings import VideoSettings
    from segnet.written_files import check_written

    live = is_live(args.input)
    if args.output is None and not live:
        raise UserError("OUTPUT is missing: name the video to write, as in out.mp4, or a folder for images")
    if args.mjpeg is not None and not live:
        raise UserError("--mjpeg is for a camera or a stream; a file is written to OUTPUT")
    settings = VideoSettings(**{field.name: getattr(args, field.name) for field in fields(VideoSettings)})
    keep_freed_memory()
    predictor = open_model(args).predictor
    if live:
        check_written({"OUTPUT": args.output if args.output and args.output.suffix else None, "--json": args.json})
        watch_camera(args, predictor.for_many(None), settings)
    else:
        print_result(segment_file(predictor, args.input, args.output, settings, args.json))
    return 0


def print_result(result: "SegmentedVideo") -> None:
    speed = pace(result.frames, result.seconds)
    print(f"{result.frames} frames, {speed} in {result.runtime}: {result.path}")
    if result.flicker:
        print(flicker_line(result.flicker))


def pace(frames: int, seconds: float) -> str:
    """The speed, in frames a second or in seconds for each frame, whichever is above 1."""
    return f"{frames / seconds:.1f} a second" if frames >= seconds else f"{seconds / frames:.1f} seconds each"


def watch_camera(args: argparse.Namespace, predictor: "Predictor", settings: "VideoSettings") -> None:
    from functools import partial

    from segnet.files import write_json
    from segnet.inference.video.camera import LiveSource, open_camera, without_password
    from segnet.inference.video.file import counted
    from segnet.inference.video.live import watch
    from segnet.inference.video.segment import Row, open_writer
    from segnet.terminal import progress_bar, say

    segment, painter, clip = settings.segmenter(predictor), settings.painter(predictor.classes), settings.clip()
    screens = open_screens(args, painter.overlay)
    name = f"camera {args.input}" if args.input.isdecimal() else without_password(args.input)
    source = LiveSource(name, partial(open_camera, args.input))
    # There is something to see only now.
    for words in [screen.words for screen in screens] or ["no display: only the file is written; end with Ctrl-C"]:
        say(words)
    writer = open_writer(args.output, source, clip, keep_size=not args.legend) if args.output else None
    rows: list[Row] | None = [] if args.json else None
    try:
        with progress_bar("watching", "frames") as bar, counted(bar, args.output) as progress:
            done = watch(source, segment, painter, screens, writer, clip, rows, progress)
    finally:
        # The rows until Ctrl-C or an error are worth having.
        if rows:
            write_json(args.json, rows)
    print(f"{done} frames, {source.dropped} dropped" + (f": {args.output}" if args.output else ""))
    if segment.meter:
        print(flicker_line(segment.meter.flicker))


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


def flicker_line(flicker: list[float]) -> str:
    """The measure before and, where there is smoothing, after it."""
    words = [f"{value:.3%} of the pixels change class from frame to frame" for value in flicker[:1]]
    words += [f"{value:.3%} after smoothing" for value in flicker[1:]]
    return f"flicker: {', '.join(words)}"
