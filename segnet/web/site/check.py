"""Check the exported page in a real browser against its network, on real images."""

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from segnet.datasets.image_files import as_png
from segnet.datasets.samples import Sample
from segnet.errors import UserError
from segnet.inference.backends import open_backend
from segnet.inference.export.check import Check
from segnet.inference.tensors import as_tensor
from segnet.metrics import ConfusionMatrix, SegmentationScores
from segnet.nn.saved import SavedModel
from segnet.web.app import PAGE
from segnet.web.site.write import CHECK

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SILENCE_S = 240
"""The page is given up after so many seconds of silence. Loading takes some, and an image less than one."""
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers with which a browser gives threads to a page."""
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html"}


class SiteCheck(NamedTuple):
    """The browser's result: the comparison, seconds until the first answer, seconds for each image, threads."""

    check: Check
    loaded: float
    seconds: float
    runtime: str

    def __str__(self) -> str:
        rate = f"{1 / self.seconds:.1f} images a second" if self.seconds else "no rate"
        return f"{self.check} · {rate} ({self.runtime}), the first after {self.loaded:.1f} s"


def find_browser() -> str | None:
    """The program of a Chromium or Chrome on this machine."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def check_site(
    folder: Path,
    model: SavedModel,
    samples: Sequence[Sample],
    browser: str,
    progress: Callable[[int], None],
    threads: bool = True,
) -> SiteCheck:
    """Open the site in ``browser`` and compare its classes with those of ``model`` in PyTorch, fp32.

    Args:
        folder: folder of the site.
        model: its network.
        samples: images and masks; at least one.
        browser: the browser's program.
        progress: called with the number of images done.
        threads: send the headers with which the browser gives threads to the page.

    Raises:
        UserError: the browser did not start, or the page did not run the network.
    """
    network = open_backend("torch", model, "fp32", "cpu")
    ours, its = (ConfusionMatrix(len(model.info.class_names), model.info.ignore_index) for _ in range(2))
    same = pixels = 0
    headers = ISOLATION if threads else {}
    images = [sample.image for sample in samples]
    with serving(folder, images, headers) as (address, heard), running(browser, address):
        for index, sample in enumerate(samples):
            found = torch.from_numpy(classes_from(heard, sample.image.shape[:2]))[None]
            expected = network.logits(as_tensor([sample.image])).argmax(1).to(torch.uint8)
            same, pixels = same + int((found == expected).sum()), pixels + found.numel()
            for matrix, classes in ((ours, expected), (its, found)):
                matrix.update(F.interpolate(classes[None], sample.mask.shape, mode="nearest")[0, 0], sample.mask)
            progress(index + 1)
        told = json.loads(next_word(heard)[1])
    scores = (SegmentationScores(matrix.matrix).mean_iou for matrix in (ours, its))
    check = Check(len(samples), same / pixels, None, *scores)
    return SiteCheck(check, told["loaded"], told["seconds"], told["runtime"])


Heard = queue.Queue[tuple[str, bytes]]


def next_word(heard: Heard) -> tuple[str, bytes]:
    """Wait for the next message of the page."""
    try:
        what, body = heard.get(timeout=SILENCE_S)
    except queue.Empty:
        raise UserError(f"the browser did not run the page within {SILENCE_S} s; nothing was written") from None
    if what == "failed":
        raise UserError(f"the page did not run in the browser ({body.decode(errors='replace')}); nothing was written")
    return what, body


def classes_from(heard: Heard, size: tuple[int, ...]) -> NDArray[np.uint8]:
    _, body = next_word(heard)
    return np.frombuffer(body, np.uint8).reshape(size).copy()


def files_of_check(images: Sequence[NDArray[np.uint8]]) -> dict[str, bytes]:
    """What the server adds to the site, by path: a page that runs the check, its script, and the images."""
    files = {f"/check/{index}.png": as_png(image) for index, image in enumerate(images)}
    files["/check/images"] = json.dumps({"names": [f"{index}.png" for index in range(len(images))]}).encode()
    files["/check.html"] = (
        b'<!doctype html><p id="message"></p><script type="module" src="page/engines/check.js"></script>'
    )
    files[f"/page/{CHECK}"] = (PAGE / CHECK).read_bytes()
    return files


def handler(
    folder: Path, files: Mapping[str, bytes], headers: Mapping[str, str], heard: Heard
) -> type[SimpleHTTPRequestHandler]:
    """A handler that serves ``files`` and the site in ``folder``. What the page posts goes into ``heard``."""

    class Handler(SimpleHTTPRequestHandler):
        extensions_map = SimpleHTTPRequestHandler.extensions_map | TYPES

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def do_GET(self) -> None:
            if self.path not in files:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Type", TYPES.get(Path(self.path).suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(files[self.path])))
            self.end_headers()
            self.wfile.write(files[self.path])

        def do_POST(self) -> None:
            heard.put((self.path.split("/")[2], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def end_headers(self) -> None:
            for name, value in headers.items():
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@contextmanager
def serving(folder: Path, images: Sequence[NDArray[np.uint8]], headers: dict[str, str]) -> Iterator[tuple[str, Heard]]:
    """Serve the site and the images on this machine alone; gives the address of the check and the page's messages."""
    heard: Heard = queue.Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(folder, files_of_check(images), headers, heard))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/check.html", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running(browser: str, address: str) -> Iterator[None]:
    """Run the browser without a window on ``address``, with a temporary profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--disable-gpu", "--no-first-run", "--mute-audio", f"--user-data-dir={profile}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium's sandbox refuses root, and the page is our own
        start = [browser]
        if os.name == "posix":
            # Chromium ends when its pipe closes, and the pipe closes even if this process is killed.
            start = ["sh", "-c", 'exec "$@" 3<&0 4>/dev/null', "sh", browser, "--remote-debugging-pipe"]
        # Chromium would leave files in the system's temporary folder.
        with subprocess.Popen(
            [*start, *options, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": profile},
        ) as process:
            try:
                yield
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
