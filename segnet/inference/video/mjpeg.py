"""The newest image in a browser on this machine, as a stream of JPEGs (multipart/x-mixed-replace)."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2

from segnet.errors import UserError
from segnet.inference.overlay import Pixels

HOST = "127.0.0.1"
QUALITY = 85
BOUNDARY = "frame"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>segnet video</title>
<style>
  html, body { height: 100%; margin: 0; background: #181a1e; }
  img { display: block; width: 100%; height: 100%; object-fit: contain; }
</style>
<img src="/stream.mjpg" alt="What the camera sees, with the classes over it">
</html>
"""


class MjpegServer:
    """Serves a page at ``/`` and the stream at ``/stream.mjpg``, only on 127.0.0.1.

    Args:
        port: the port; 0 takes a free one.

    Raises:
        UserError: the port is taken.
    """

    def __init__(self, port: int) -> None:
        self.changed = threading.Condition()
        self.number, self.jpeg, self.closed = 0, b"", False
        try:
            self.server = Server((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(f"--mjpeg {port}: cannot be used ({reason}); choose another port") from None
        self.server.images = self
        self.address = f"http://{HOST}:{self.server.server_port}"
        self.words = f"look at {self.address}; end with Ctrl-C"

    def __enter__(self) -> "MjpegServer":
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def show(self, image: Pixels, draw_again: Callable[[], Pixels]) -> bool:  # noqa: ARG002
        """Send ``image`` to all viewers. A server never asks to stop."""
        _, jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        with self.changed:
            self.number, self.jpeg = self.number + 1, jpeg.tobytes()
            self.changed.notify_all()
        return True

    def newer_than(self, number: int) -> tuple[int, bytes] | None:
        """Wait for an image after ``number``; None at the end."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self.number > number)
            return None if self.closed else (self.number, self.jpeg)


class Server(ThreadingHTTPServer):
    """Threads end with the program, so an open page does not keep it running."""

    daemon_threads = True
    images: MjpegServer


class Handler(BaseHTTPRequestHandler):
    """Answers the page and the endless stream of JPEG images that it shows."""

    server: Server

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host not in (HOST, "localhost"):
            # Otherwise a page of another site could reach this through a name that points here (DNS rebinding).
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path == "/":
            self._begin("text/html; charset=utf-8")
            self.wfile.write(PAGE.encode())
        elif self.path == "/stream.mjpg":
            self._begin(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
            self._stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _begin(self, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def _stream(self) -> None:
        index = 0
        try:
            while newer := self.server.images.newer_than(index):
                index, jpeg = newer
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:
            # The viewer has left.
            return

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing, since the terminal shows the progress."""
