"""Video files for FFmpeg: the accepted formats, the largest frame, and the check for broken frames."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from segnet.datasets.image_files import ALLOWED
from segnet.errors import UserError, first_line
from segnet.inference.video.orientation import orientation_of
from segnet.terminal import say

FORMATS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg", "mxf"),
    *("nut", "ivf", "obu", "gif", "apng", "mjpeg", "m4v", "h264", "hevc", "av1", "dv", "yuv4mpegpipe"),
)
"""FFmpeg's names of the accepted formats, whatever the file's name. FFmpeg knows many more, such as playlists: one with
the name ``clip.mp4`` would make it open other files of this machine.
"""

SLOWEST, FASTEST = Fraction(1, 86_400), Fraction(1_000)
"""Frames a second that a header may have. Outside of this range it is damaged."""
NARROWEST, WIDEST = Fraction(1, 8), Fraction(8)
"""Width ÷ height of a pixel that a header may have, since images are stretched by it."""


def open_container(
    path: Path, max_pixels: int = ALLOWED.max_pixels, name: str | None = None
) -> av.container.InputContainer:
    """Open a file that has a video stream which can be decoded.

    Args:
        path: the file.
        max_pixels: most pixels of a frame. The decoder gets this limit too, since a later frame may be larger than the
            header says.
        name: of the file in messages; None: its path.

    Raises:
        UserError: the file is no video, has another format, or its frames are too large.
    """
    name = name or str(path)
    try:
        # Titles may contain bytes that are not text.
        container = av.open(str(path), options={"format_whitelist": ",".join(FORMATS)}, metadata_errors="replace")
    except av.ArgumentError:
        raise UserError(f"{name}: is not a video in a format that is read; give MP4, MOV, MKV, WebM or AVI") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise UserError(f"{name}: cannot be read as a video ({reason}); give another file") from None
    problem = problem_of(container, max_pixels)
    if problem:
        container.close()
        raise UserError(f"{name}: {problem}")
    container.streams.video[0].codec_context.options = {"max_pixels": str(max_pixels)}
    return container


def problem_of(container: av.container.InputContainer, max_pixels: int) -> str:
    """The reason why no frame of the file can be read; empty if there is none."""
    if not container.streams.video:
        return "has no video stream; give another file"
    context = container.streams.video[0].codec_context
    if context is None:
        return "its video is of a codec that this FFmpeg does not know; convert it, to H.264 for example"
    if context.width * context.height > max_pixels:
        return (
            f"its frames have {context.width}×{context.height} pixels, at most {max_pixels / 1e6:g} million are read; "
            "make them smaller"
        )
    return ""


def frame_rate(stream: av.VideoStream) -> Fraction:
    """Frames a second on average; 25 if the file's value is missing or impossible."""
    said = (Fraction(rate) for rate in (stream.average_rate, stream.base_rate) if rate)
    return next((rate for rate in said if SLOWEST <= rate <= FASTEST), Fraction(25))


def pixel_aspect(container: av.container.InputContainer) -> Fraction:
    """Width ÷ height of a pixel of the upright image; 1 if the file's value is missing or impossible."""
    aspect = Fraction(container.streams.video[0].sample_aspect_ratio or 1)
    if aspect == 1 or not NARROWEST <= aspect <= WIDEST:
        return Fraction(1)
    return 1 / aspect if on_its_side(container) else aspect


def on_its_side(container: av.container.InputContainer) -> bool:
    """Whether the frames' rows are shown as columns."""
    try:
        return orientation_of(next(container.decode(video=0))).is_transposed
    except (av.FFmpegError, StopIteration):
        return False


def whole_frames(container: av.container.InputContainer, stream: av.VideoStream, name: str) -> Iterator[av.VideoFrame]:
    """The frames that can be decoded. Broken frames are left out, and one message at the end counts them.

    A decoder fills in missing parts of a frame, and marks it. Such a frame is left out too.
    """
    whole, broken = 0, 0
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    if frame.is_corrupt:
                        broken += 1
                        continue
                    yield frame
                    whole += 1
            except av.FFmpegError:
                broken += 1
    except av.FFmpegError as error:
        say(f"{name}: breaks off ({error.strerror}); the frames before that are kept")
    if whole and broken:
        say(f"{name}: {broken} broken {'frame' if broken == 1 else 'frames'} left out")
