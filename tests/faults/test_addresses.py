"""Images, videos and models from other machines, which answer wrongly, without end, or not at all."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from segnet.errors import UserError
from segnet.inference import image_input
from segnet.inference.image_input import find_images
from segnet.inference.video.camera import LiveSource
from tests.faults.conftest import Begin
from tests.faults.programs import segnet, set_variable, without_report
from tests.faults.rows import Row, fault
from tests.faults.surroundings import use_hub
from tests.faults.test_data import PIXELS, encoded
from tests.inference.video.test_live import FakeCamera

PART = "Addresses"
PNG = encoded(Image.fromarray(PIXELS), "png")


class Handler(BaseHTTPRequestHandler):
    """Answers each path with a mistake of its own."""

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        ANSWERS[self.path.split("?")[0].removeprefix("/")](self)


def without_end(handler: Handler) -> None:
    handler.answer(200, PNG, Content_Type="image/png")
    try:
        while True:
            handler.wfile.write(bytes(2**16))
    except OSError:
        return


def in_drops(handler: Handler) -> None:
    handler.answer(200, Content_Type="image/png")
    try:
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except OSError:
        return


ANSWERS: dict[str, Callable[[Handler], object]] = {
    "not-found.png": lambda handler: handler.answer(404),
    "error.png": lambda handler: handler.answer(500),
    "page.png": lambda handler: handler.answer(200, b"<html>", Content_Type="text/html"),
    "page-as-image.png": lambda handler: handler.answer(200, b"<html>", Content_Type="image/png"),
    "to-a-file.png": lambda handler: handler.answer(302, Location="file:///etc/passwd"),
    "to-ftp.png": lambda handler: handler.answer(302, Location="ftp://127.0.0.1:9/street.png"),
    "circle.png": lambda handler: handler.answer(302, Location="/circle.png?again"),
    "to-nowhere.png": lambda handler: handler.answer(302, Location="http://[::1"),
    "empty.png": lambda handler: handler.answer(200, Content_Type="image/png"),
    "cut.png": lambda handler: handler.answer(200, PNG[:60], Content_Length=str(len(PNG))),
    "packed.png": lambda handler: handler.answer(200, gzip.compress(bytes(10**7)), Content_Encoding="gzip"),
    "noise.png": lambda handler: handler.wfile.write(b"\xff\xfe\x1b[31m\r\n\r\n"),
    "endless.png": without_end,
    "in-drops.png": in_drops,
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ANSWERS)
@fault(
    PART,
    "an address of an image that answers with an error, a page, damaged, packed, endless or trickling content, or "
    "leads in a circle, to a file of this machine, or to FTP",
    shown="http://127.0.0.1:…: …; …",
    kept="no file of this machine is read, no more than the limit from the server, for no longer than ten minutes",
)
def test_addresses_of_images(name: str, address: str, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_input, "LARGEST", 10**6)
    monkeypatch.setattr(image_input, "SECONDS_IN_ALL", 0.5)
    with pytest.raises(UserError) as error:
        list(next(iter(find_images([f"{address}/{name}"]))).pages().images)
    row.check_line(str(error.value))


@fault(
    PART,
    "an address that opens without ever giving an image, such as that of a page, given to `segnet video`",
    shown="http://street/page: opens, but gives no image; give the address of a camera or a video",
    kept="nothing is written; it is opened again twice, where a camera that gave images is awaited for two minutes",
)
def test_a_page_is_no_camera(row: Row) -> None:
    with pytest.raises(UserError) as error:
        list(LiveSource("http://street/page", lambda: FakeCamera([]), waits=(0.01, 0.01, 600)).frames())
    row.check_line(str(error.value))


@pytest.mark.parametrize("model", ["hf://jane", "hf://jane/streets/lite", "hf://../x", "hf://jane/streets@"])
@fault(
    PART,
    "an address of a model that is none of the Hub's",
    shown="hf://…: expected hf://OWNER/NAME or hf://OWNER/NAME@REVISION",
    kept="nothing is fetched or written",
)
def test_addresses_that_are_none(model: str, tmp_path: Path, row: Row) -> None:
    row.check(*segnet("predict", model, __file__, "--out", tmp_path / "out"))
    assert not list(tmp_path.iterdir())


@fault(
    PART,
    "a model of the Hub that is not on this machine, without a network",
    shown="hf://jane/streets: not on this machine, and the Hub cannot be reached; check the connection",
    kept="nothing is written",
)
def test_a_model_of_the_hub_without_a_network(tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    away = partial(use_hub, "http://127.0.0.1:9", tmp_path / "cache")
    image = next((tiny_camvid / "val").iterdir())
    row.check(*segnet("predict", "hf://jane/streets", image, "--out", tmp_path / "out", before=[away]))
    assert not (tmp_path / "out").exists()


@fault(
    PART,
    "`segnet push` without a network",
    shown="jane/streets: the Hub cannot be reached (…); check the connection, then give the command again",
    kept="the model",
)
def test_a_push_without_a_network(model: Path, row: Row) -> None:
    row.check(*segnet("push", model, "jane/streets", before=[partial(use_hub, "http://127.0.0.1:9")]))


@pytest.mark.parametrize("repository", ["", "jane", "jane/streets/lite", "../streets", "jane/my streets"])
@fault(
    PART,
    "`segnet push` to what is no name of a repository",
    shown="…: expected OWNER/NAME, such as jane/street-scenes",
    kept="the model; the Hub is not asked",
)
def test_a_push_to_no_repository(repository: str, model: Path, row: Row) -> None:
    row.check(*segnet("push", model, repository))


TRACKERS = {
    "mlflow": {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
    "wandb": {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "a" * 40, "WANDB_INIT_TIMEOUT": "1"},
}


@pytest.mark.parametrize("tracker", TRACKERS)
@fault(
    PART,
    "`training.loggers` with a server that does not answer",
    shown="training.loggers: … accepts no run…; …",
    kept="nothing is trained",
)
def test_a_tracker_without_a_server(tracker: str, begin: Begin, tmp_path: Path, row: Row) -> None:
    pytest.importorskip(tracker)
    settings = TRACKERS[tracker] | {"WANDB_DIR": str(tmp_path), "TMPDIR": str(tmp_path)}
    before = [partial(set_variable, name, value) for name, value in settings.items()]
    training = begin()
    row.check(*training.run(f"training.loggers=[{tracker}]", before=(without_report, *before)))
    assert not (training.folder / "model.safetensors").exists()
