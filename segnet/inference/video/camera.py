"""Cameras and streams as a source of frames: only the newest frame, with reconnection."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.video.reader import Frame
from segnet.inference.video.rgb import ToRgb
from segnet.terminal import say

Pixels = NDArray[np.uint8]

WAITS = (1, 2, 4, 8, 16, 30, 30, 30)
"""Seconds before each attempt to open a lost camera again. After the last one it is given up."""
FIRST_TRIES = 2
"""So many times a camera is opened again that has given no image yet."""
OPEN_SECONDS, READ_SECONDS = 10, 5
"""Seconds that a stream may take to open, and to give a frame, before it counts as lost."""
PATIENCE = 0.25
"""After so many seconds without a new frame, ``while_waiting`` is called."""


class Camera(Protocol):
    """An open camera or stream."""

    def read(self) -> Pixels | None:
        """The next frame ``(H, W, 3)`` uint8 RGB. It waits for it; None: the camera is lost."""
        ...

    def close(self) -> None: ...


def is_live(name: str) -> bool:
    """Whether ``name`` is the number of a camera or the address of a stream."""
    return "://" in name or (name.isdecimal() and not Path(name).exists())


def open_camera(name: str) -> Camera:
    """Open the camera of that number, or the stream at that address.

    Raises:
        UserError: it cannot be opened.
    """
    return Webcam(int(name)) if name.isdecimal() else Stream(name)


class Webcam:
    """A camera of this machine by its number.

    OpenCV reads its colours as BT.601 at every size, which is what cameras send that do not say it (USB Device Class
    Definition for Video Devices 1.5, section 3.9.2.6).
    """

    def __init__(self, number: int) -> None:
        # OpenCV would print several lines about a missing camera.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self.capture = cv2.VideoCapture(number)
        if not self.capture.isOpened():
            raise UserError(
                f"camera {number}: cannot be opened; check that it is plugged in, that no other program uses it and "
                "that this user may read it, or give another number"
            )

    def read(self) -> Pixels | None:
        there, image = self.capture.read()
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8) if there else None

    def close(self) -> None:
        self.capture.release()


class Stream:
    """A stream that FFmpeg reads from an address: RTSP, MJPEG over HTTP, RTMP, UDP and others."""

    def __init__(self, address: str) -> None:
        # RTSP over UDP loses packets, which smears the image. Buffers would only show the past.
        options = {"rtsp_transport": "tcp", "fflags": "nobuffer"}
        try:
            self.container = av.open(address, options=options, timeout=(OPEN_SECONDS, READ_SECONDS))
        except (av.FFmpegError, OSError) as error:
            raise UserError(
                f"{without_password(address)}: cannot be opened ({error.strerror}); check that the camera is on and "
                "the address is right"
            ) from None
        if not self.container.streams.video:
            self.container.close()
            raise UserError(f"{without_password(address)}: has no video stream; give another address")
        self.frames = self._decode(ToRgb(without_password(address)))

    def _decode(self, to_rgb: ToRgb) -> Generator[Pixels, None, None]:
        with contextlib.suppress(av.FFmpegError):
            for packet in self.container.demux(video=0):
                with contextlib.suppress(av.error.InvalidDataError):
                    yield from map(to_rgb, packet.decode())

    def read(self) -> Pixels | None:
        return next(self.frames, None)

    def close(self) -> None:
        self.frames.close()
        self.container.close()


class LiveSource:
    """The newest frames of a camera. Frames that come while the network is busy are dropped.

    Args:
        name: name of the camera, for messages.
        open_camera: opens it, now and whenever it was lost.
        waits: seconds before each attempt to open it again.

    Attributes:
        dropped: frames that came while the network was busy.
        gone: a message while no image comes, else empty.
        while_waiting: called some times a second while no frame comes; False ends the frames.

    Raises:
        UserError: it cannot be opened.
    """

    rate, count, pixel_aspect = Fraction(30), 0, Fraction(1)
    path: Path | None = None

    def __init__(self, name: str, open_camera: Callable[[], Camera], waits: tuple[float, ...] = WAITS) -> None:
        self.name, self.open_camera, self.waits = name, open_camera, waits
        self.changed = threading.Condition()
        self.newest: tuple[int, Pixels, float] | None = None
        self.dropped = 0
        self.gone, self.tries = "", 0
        self.while_waiting: Callable[[], bool] = lambda: True
        self.error: BaseException | None = None
        self.stopped = threading.Event()
        self.camera = open_camera()

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:  # noqa: ARG002
        """Frames at the size of the first, with the seconds since it, until an error or ``while_waiting`` ends them.

        Raises:
            UserError: the camera is lost for good.
        """
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        seen = 0
        try:
            first: tuple[Pixels, float] | None = None
            while newer := self._wait_for_newer(seen):
                seen, image, came = newer
                first = first or (image, came)
                yield Frame(like(image, first[0]), Fraction(came - first[1]).limit_denominator(1_000_000))
        finally:
            self.stopped.set()
            thread.join(timeout=1)

    def _wait_for_newer(self, seen: int) -> tuple[int, Pixels, float] | None:
        while True:
            with self.changed:
                if self.newest is None or self.newest[0] == seen:
                    if self.error:
                        raise self.error
                    self.changed.wait(PATIENCE)
                if self.newest is not None and self.newest[0] != seen:
                    self.dropped += self.newest[0] - seen - 1
                    return self.newest
            # The lock is free here, so that a window can react to keys and the camera can come back.
            if not self.while_waiting():
                return None

    def _read(self) -> None:
        """Keep the newest frame, and open the camera again when it is lost. This runs in a thread."""
        index = 0
        try:
            while not self.stopped.is_set():
                while (image := self.camera.read()) is not None and not self.stopped.is_set():
                    index += 1
                    self.tries = 0
                    with self.changed:
                        self.newest = index, image, time.monotonic()
                        self.changed.notify_all()
                self.camera.close()
                if not self.stopped.is_set():
                    self.camera = self._open_again()
        except BaseException as error:
            with self.changed:
                self.error = error
                self.changed.notify_all()

    def _open_again(self) -> Camera:
        waits = self.waits if self.newest else self.waits[:FIRST_TRIES]
        # A camera that opens without an image has not come back.
        for wait in waits[self.tries :]:
            self.tries += 1
            self.gone = f"no image any more; trying again in {wait:g} s"
            say(f"{self.name}: {self.gone}")
            if self.stopped.wait(wait):
                break
            with contextlib.suppress(UserError):
                camera = self.open_camera()
                self.gone = ""
                say(f"{self.name}: back again")
                return camera
        if not self.newest:
            raise UserError(f"{self.name}: opens, but gives no image; give the address of a camera or a video")
        raise UserError(f"{self.name}: gone, and {len(waits)} tries did not bring it back; the frames so far are kept")


def like(image: Pixels, first: Pixels) -> Pixels:
    """``image`` at the size of ``first``. A camera may come back with another size."""
    if image.shape == first.shape:
        return image
    return np.asarray(cv2.resize(image, (first.shape[1], first.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)


def without_password(address: str) -> str:
    """``address`` for messages, without the user and password before the @."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
