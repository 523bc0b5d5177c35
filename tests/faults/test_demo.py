"""Clients of the demo that send nonsense, say nothing, or change their mind; a server that was killed."""

import json
import random
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import save_autoencoder
from segnet.web import connections
from segnet.web.app import build_app
from segnet.web.clips import Clips
from segnet.web.connections import TimedProtocol
from segnet.web.guard import known_hosts
from segnet.web.limits import Limits
from segnet.web.models import Models
from segnet.web.problems import BusyError
from segnet.web.server import listen
from segnet.web.upload_folder import LOCK, PREFIX
from tests.faults.rows import Row, fault, times
from tests.faults.test_data import PIXELS, encoded, mutated
from tests.inference.video.clips import write_clip

AUTOENCODER = "dense_autoencoder"


@pytest.fixture(scope="module")
def models(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Models:
    shape, arguments = (1, 8, 8), {"widths": [4]}
    folder = tmp_path_factory.mktemp("models") / AUTOENCODER
    save_autoencoder(folder, build_autoencoder(AUTOENCODER, shape, **arguments), AUTOENCODER, shape, arguments)
    return Models([str(model), str(folder)])


@fault(
    "Demo",
    "a clip that is cancelled while it waits behind another",
    shown="busy: 1 clips are being worked on; try again in a moment",
    code=503,
    kept="its place is free at once and its files are removed; the running clip goes on",
)
def test_a_waiting_clip_is_cancelled(tmp_path: Path, row: Row) -> None:
    path = write_clip(tmp_path / "in.mp4", frames=3, gop=1)
    (tmp_path / "clips").mkdir()
    clips = Clips(tmp_path / "clips", Limits(waiting_clips=1))
    held = threading.Event()

    def opened() -> object:
        held.wait(30)
        raise BusyError("enough")

    received = []
    for _ in range(2):
        with path.open("rb") as file:
            received.append(clips.receive(file))
        clips.start(received[-1], opened, lambda _: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(BusyError):
        clips.check_room()
    clips.remove(received[1].id)
    clips.check_room()
    assert not received[1].result.parent.exists()
    assert list(clips.clips) == [received[0].id]
    held.set()
    clips.close()
    row.check_line("busy: 1 clips are being worked on; try again in a moment")


@pytest.fixture
def address(models: Models) -> Iterator[tuple[str, int]]:
    """A real server with the demo's own connections."""
    listening = listen("127.0.0.1", 0)
    app = build_app(models, Limits(), known_hosts("127.0.0.1"))
    server = uvicorn.Server(
        uvicorn.Config(app, http=TimedProtocol, log_level="error", ws="none", limit_concurrency=128)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join(30)


def status_of(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address, 10) as link:
        link.sendall(f"GET /api/models HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\nConnection: close\r\n\r\n".encode())
        return link.makefile("rb").readline()


@fault(
    "Demo",
    "200 connections that send nothing, or half a header",
    shown="",
    code=200,
    kept="other clients get answers; the oldest silent connections are closed at once, and all of them after "
    "ten seconds",
)
def test_silent_connections_are_closed(address: tuple[str, int], row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    links = [socket.create_connection(address, 10) for _ in range(200)]
    for link in links[::2]:
        with pytest.MonkeyPatch.context():
            try:
                link.sendall(b"GET / HTTP/1.1\r\nHost: 127")
            except OSError:
                continue
    assert status_of(address) == b"HTTP/1.1 200 OK\r\n"
    assert len(connections.open_connections) <= connections.OF_ONE_CLIENT + 1
    for link in links:
        link.close()
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    with socket.create_connection(address, 10) as link:
        link.sendall(b"GET / HTTP/1.1\r\n")
        assert link.recv(10) == b""
    row.check(row.code, "")


@fault(
    "Demo",
    "a server that is killed while it has uploads",
    shown="",
    code=0,
    kept="its folder is removed when the next server starts; those of running servers stay",
)
def test_what_a_killed_server_leaves(models: Models, tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, new = tmp_path / f"{PREFIX}left", tmp_path / f"{PREFIX}new"
    for folder in (left, new):
        (folder / "clip").mkdir(parents=True)
    (left / LOCK).touch()
    (tmp_path / "other").mkdir()
    app = build_app(models, Limits(), known_hosts("127.0.0.1"))
    with TestClient(app, "http://127.0.0.1:8765"):
        assert not left.exists()
        again = build_app(models, Limits(), known_hosts("127.0.0.1"))
        with TestClient(again, "http://127.0.0.1:8765"):
            assert len(list(tmp_path.glob(f"{PREFIX}*/{LOCK}"))) == 2
    assert {path.name for path in tmp_path.iterdir()} == {new.name, "other"}
    row.check(0, "")


def form(content: bytes, boundary: str = "b") -> tuple[bytes, str]:
    head = 'Content-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png'
    settings = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("size", "half"), ("samples", "1"))
    )
    body = f"{settings}--{boundary}\r\n{head}\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def requests(chance: random.Random) -> Iterator[tuple[str, bytes, str]]:
    """Path, body and type of requests that are nearly right, without end."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "text"
    photo = Image.fromarray(PIXELS)
    images = [encoded(photo, kind, exif=exif) for kind in ("png", "jpeg", "webp")] + [encoded(photo, "bmp")]
    numbers = [0.5, 1, -1, 1e6, 1e308, float("nan"), float("inf"), 10**400, "1", None, [], {}]
    while True:
        image = chance.choice(images)
        body, kind = form(mutated(image, chance) if chance.random() < 0.7 else image)
        path = chance.choice(["segment", "mask", "overlay", "stages"])
        yield f"/api/{path}", mutated(body, chance) if chance.random() < 0.4 else body, kind
        name, length = chance.choice([("encode", 64), ("decode", 4)])
        key = "pixels" if name == "encode" else "latent"
        values = [chance.choice(numbers) if chance.random() < 0.02 else chance.random() for _ in range(length)]
        text = json.dumps({key: values}).encode()
        odd = chance.choice([text, text, mutated(text, chance), b"[" * 50_000, b"null", b"\xff", b'{"' + key.encode()])
        yield f"/api/autoencoders/{AUTOENCODER}/{name}", odd, chance.choice(["application/json", "text/plain", ""])


@fault(
    "Demo",
    "requests that are almost right: forms, images, EXIF and JSON with random changes, and invalid numbers",
    shown="",
    code=400,
    kept="an answer, or a sentence of at most 500 letters; never status 500, and no folder of this machine",
)
def test_mutated_requests_get_an_answer_or_a_sentence(
    models: Models, model: Path, row: Row, counted: Callable[[str], None]
) -> None:
    wanted, seen = times(60, 2000), dict[int, int]()
    app = build_app(models, Limits(), known_hosts("127.0.0.1"))
    with TestClient(app, "http://127.0.0.1:8765", raise_server_exceptions=False) as client:
        for _, (path, body, kind) in zip(range(wanted), requests(random.Random(0)), strict=False):
            answer = client.post(path, content=body, headers={"content-type": kind})
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
            assert answer.status_code in (200, 400, 404, 413, 415, 422), (path, body[:200], answer.text)
            assert str(model.parent) not in answer.text
            assert len(answer.content) < 5_000_000
            if answer.status_code != 200:
                sentence = answer.json()["error"]
                assert len(sentence) <= 501
                row.check_line(sentence)
    assert seen[200] > wanted // 20
    counted(
        f"{wanted:,} bodies: " + ", ".join(f"{count:,} answered {status}" for status, count in sorted(seen.items()))
    )
