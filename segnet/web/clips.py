"""Clips from clients: checked, segmented one after the other, kept for a while, then removed."""

import logging
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Literal

from segnet.errors import UserError
from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.inference.video.container import open_container
from segnet.inference.video.frames import FrameSegmenter
from segnet.inference.video.layout import Painter
from segnet.inference.video.reader import VideoFile
from segnet.inference.video.segment import Clip as Part
from segnet.inference.video.segment import open_writer, segment_video
from segnet.web.limits import Limits
from segnet.web.problems import BusyError, RefusedError, refusal_of, without_folders

State = Literal["waiting", "running", "done", "failed", "cancelled"]
log = logging.getLogger(__name__)
FORMATS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi"}
"""FFmpeg's names of the accepted formats. Playlists are not among them, since they could name other files and hosts."""


class StoppedError(Exception):
    """The clip was cancelled or took too long."""


@dataclass
class Clip:
    """A clip on its way. ``frames`` of ``total`` are done; ``total`` is 0 if the file does not tell.

    Attributes:
        source: the upload.
        result: the overlay video, once the state is done.
        frame_size: (H, W) of its frames.
        error: why it failed, in a sentence.
        seconds: working time so far.
        ended: the time when it was done and its upload was removed; None before.
        stop: set to stop it.
        work: its place in the queue, once it has one.
    """

    source: Path
    result: Path
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "waiting"
    frames: int = 0
    total: int = 0
    frame_size: tuple[int, int] = (0, 0)
    error: str | None = None
    seconds: float = 0.0
    ended: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    work: Future[None] | None = None

    @property
    def is_over(self) -> bool:
        return self.ended is not None


class Clips:
    """All clips of a server. Methods are called in the thread of the event loop.

    Args:
        folder: this server's folder, with a subfolder for each clip.
        limits: sizes, lengths and numbers.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self.clips: dict[str, Clip] = {}
        self.thread = ThreadPoolExecutor(1, "segnet-clips")

    def check_room(self) -> None:
        """Refuse a clip before its file is received.

        Raises:
            BusyError: the queue is full.
        """
        self.sweep()
        waiting = sum(not clip.is_over for clip in self.clips.values())
        if waiting > self.limits.waiting_clips:
            raise BusyError(f"{waiting} clips are being worked on")

    def receive(self, upload: BinaryIO) -> Clip:
        """Store an upload under a name of the server's, and check that it is a clip within the limits.

        Raises:
            RefusedError: it is not.
        """
        suffix = container_suffix(upload.read(16))
        upload.seek(0)
        clip_id = secrets.token_urlsafe(16)
        place = self.folder / clip_id
        place.mkdir()
        clip = Clip(place / f"clip{suffix}", place / "segmented.mp4", clip_id)
        try:
            with clip.source.open("xb") as file:
                shutil.copyfileobj(upload, file)
            clip.total, clip.frame_size = check_clip(clip.source, self.limits)
        except BaseException as error:
            shutil.rmtree(place, ignore_errors=True)
            if isinstance(error, Exception) and (refusal := refusal_of(error)):
                raise refusal from None
            raise
        return clip

    def start(self, clip: Clip, opened: Callable[[], Predictor], overlay: Callable[[Predictor], Overlay]) -> None:
        """Put a received clip into the queue.

        Args:
            clip: from :meth:`receive`.
            opened: gives a predictor for this clip alone, because a network serves one thread.
            overlay: gives the drawing of its classes.

        Raises:
            BusyError: other clips filled the queue meanwhile; the files of this one are removed.
        """
        try:
            self.check_room()
        except BusyError:
            self._forget(clip)
            raise
        self.clips[clip.id] = clip
        clip.work = self.thread.submit(self._work, clip, opened, overlay)

    def _work(self, clip: Clip, opened: Callable[[], Predictor], overlay: Callable[[Predictor], Overlay]) -> None:
        begin = time.monotonic()

        def progress(done: int, total: int) -> None:  # noqa: ARG001
            clip.frames, clip.seconds = done, time.monotonic() - begin
            if clip.stop.is_set():
                raise StoppedError("cancelled")
            if clip.seconds > self.limits.clip_work_seconds:
                raise StoppedError(f"not done within {self.limits.clip_work_seconds:g} s; choose a smaller size")

        try:
            if clip.stop.is_set():
                raise StoppedError("cancelled")
            clip.state = "running"
            predictor = opened()
            # A file may be longer than its header says. It is cut at the limit.
            part = Part(0, self.limits.clip_seconds)
            source = VideoFile(clip.source, self.limits.clip_pixels)
            writer = open_writer(clip.result, source, part)
            painter = Painter(overlay(predictor))
            segment_video(source, FrameSegmenter(predictor), painter, writer, part, progress=progress)
            clip.state = "done"
        except StoppedError as error:
            clip.state, clip.error = ("cancelled" if clip.stop.is_set() else "failed"), str(error)
        except Exception as error:
            clip.state, clip.error = "failed", sentence_for(error, clip.source)
        finally:
            clip.source.unlink(missing_ok=True)
            if clip.state != "done":
                shutil.rmtree(clip.result.parent, ignore_errors=True)
            clip.ended = time.monotonic()

    def get(self, clip_id: str) -> Clip:
        """The clip with that id.

        Raises:
            RefusedError: there is no such clip, or it was removed.
        """
        self.sweep()
        if clip_id not in self.clips:
            raise RefusedError(404, "no such clip; finished ones are removed after a while")
        return self.clips[clip_id]

    def remove(self, clip_id: str) -> None:
        """Stop a clip, and forget it with its files.

        Raises:
            RefusedError: there is no such clip.
        """
        clip = self.get(clip_id)
        clip.stop.set()
        # A waiting clip frees its place at once. A running one ends at its next frame.
        if clip.work and clip.work.cancel():
            clip.state, clip.error, clip.ended = "cancelled", "cancelled", time.monotonic()
        if clip.is_over:
            self._forget(clip)

    def sweep(self) -> None:
        """Forget finished clips that are too old or too many."""
        over = sorted(((clip.ended, clip) for clip in self.clips.values() if clip.ended is not None), key=itemgetter(0))
        oldest = time.monotonic() - self.limits.keep_seconds
        for index, (ended, clip) in enumerate(over):
            if ended < oldest or index < len(over) - self.limits.kept_clips:
                self._forget(clip)

    def _forget(self, clip: Clip) -> None:
        shutil.rmtree(clip.result.parent, ignore_errors=True)
        self.clips.pop(clip.id, None)

    def close(self) -> None:
        """Stop all clips, wait for the running one, and remove every file."""
        for clip in self.clips.values():
            clip.stop.set()
        self.thread.shutdown(cancel_futures=True)
        for clip in list(self.clips.values()):
            self._forget(clip)


def sentence_for(error: Exception, source: Path) -> str:
    """Why a clip failed."""
    if refusal := refusal_of(error):
        return str(refusal)
    if isinstance(error, UserError):
        # The reader's sentences begin with the file's name, which is the server's and means nothing to the client.
        return without_folders(str(error).removeprefix(f"{source}: "))
    log.error("a clip", exc_info=error)
    return "this clip cannot be worked on; the server's terminal says why"


def container_suffix(head: bytes) -> str:
    """The suffix of a video file that begins with ``head``.

    FFmpeg guesses the format of a file, and a playlist may send it to other files and hosts. It therefore only gets
    files that cannot be taken for playlists.

    Raises:
        RefusedError: the format is none of those that cameras, phones and browsers write.
    """
    if head[4:8] == b"ftyp":
        return ".mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return ".webm"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return ".avi"
    raise RefusedError(400, "that file is not a video in a format that is read here; give MP4, MOV, WebM, MKV or AVI")


def check_clip(path: Path, limits: Limits) -> tuple[int, tuple[int, int]]:
    """Number of frames (0 if the header does not tell) and their (H, W), of a clip within the limits.

    Raises:
        RefusedError: the clip is too long, too large, or no video.
    """
    try:
        with open_container(path) as container:
            stream = container.streams.video[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            kind = container.format.name
        source = VideoFile(path)
    except UserError:
        raise RefusedError(400, "that file cannot be read as a video; convert it or give another") from None
    seconds = float(source.count / source.rate)
    if kind not in FORMATS:
        raise RefusedError(
            400, "that file is not a video in a format that is read here; give MP4, MOV, WebM, MKV or AVI"
        )
    if not 0 < width * height <= limits.clip_pixels:
        raise RefusedError(413, f"the clip's frames have {width}×{height} pixels; at most 1920×1080 are accepted")
    if seconds > limits.clip_seconds + 1:
        raise RefusedError(
            413, f"the clip is {seconds:.0f} s long, at most {limits.clip_seconds:g} s are accepted; cut it"
        )
    return source.count, (height, width)
