"""What comes from elsewhere and ends in a page or a folder: names with script in them, archives that reach out."""

import hashlib
import html
import io
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from segnet.datasets.camvid.download import download_camvid
from segnet.errors import UserError
from segnet.web.app import build_app
from segnet.web.guard import known_hosts
from segnet.web.limits import Limits
from segnet.web.models import Models
from tests.faults.conftest import Training, make_training
from tests.faults.programs import segnet
from tests.faults.rows import Row, fault
from tests.inference.video.clips import write_clip

SCRIPT = "<img src=x onerror=alert(1)>"


@fault(
    "Reports",
    "names of images and runs with HTML and scripts",
    shown="",
    code=0,
    kept="the page shows them as text, and its policy allows only its own script",
)
def test_pages_show_scripts_in_names_as_text(
    tmp_path: Path, row: Row, undisturbed: Training, tiny_camvid: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_camvid, data)
    for folder in ("val", "valannot"):
        first = min((data / folder).iterdir())
        first.rename(first.with_name(f"{SCRIPT}.png"))
    training = make_training(data, tmp_path, SCRIPT)
    shutil.copytree(undisturbed.folder, training.folder)
    shutil.copy(training.config, training.folder / "config.yaml")
    row.check(*segnet("report", training.folder))
    page = (training.folder / "report.html").read_text()
    assert SCRIPT not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "script-src 'sha256-" in html.unescape(page)


MEMBER = "train/a.png"


def zipped(members: dict[str, bytes], link: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        if link:
            info = zipfile.ZipInfo(f"top/CamVid/{MEMBER}")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, link)
    return buffer.getvalue()


def tarred(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
    return buffer.getvalue()


def fetch(body: bytes, folder: Path) -> Path:
    """Take an archive as the data set that is made of one file, ``b"good"``."""
    (folder / "archive").write_bytes(body)
    (folder / "list").write_text(f"{hashlib.sha256(b'good').hexdigest()}  {MEMBER}\n")
    target = folder / "data" / "camvid"
    download_camvid(target, (folder / "archive").as_uri(), folder / "list")
    return target


@fault(
    "Reports",
    "zip members with `..`, absolute names and backslashes",
    shown="",
    code=0,
    kept="only listed names are extracted, each with its checksum; nothing is written outside the folder",
)
def test_zip_members_that_reach_out(tmp_path: Path, row: Row) -> None:
    names = ["../../../evil", "/tmp/evil", "top/CamVid/../../../evil", "..\\..\\evil", "top/CamVid/train/../../evil"]
    members = {f"top/CamVid/{MEMBER}": b"good", **dict.fromkeys(names, b"evil")}
    before = set(os.listdir("/tmp"))  # noqa: PTH208 - names alone
    target = fetch(zipped(members), tmp_path)
    assert [path.name for path in target.rglob("*")] == ["train", "a.png"]
    assert not list(tmp_path.rglob("evil"))
    assert "evil" not in set(os.listdir("/tmp")) - before  # noqa: PTH208
    row.check(0, "")


@fault(
    "Reports",
    "a zip member that is a link",
    shown="CamVid's train/a.png is not the published file (SHA-256 differs); try again later",
    kept="no link is created or followed, and no folder is left",
)
def test_a_link_in_a_zip(tmp_path: Path, row: Row) -> None:
    with pytest.raises(UserError) as error:
        fetch(zipped({}, link="/etc/passwd"), tmp_path)
    row.check_line(str(error.value))
    assert not list((tmp_path / "data").iterdir())


@fault(
    "Reports",
    "a tar archive with `..` and links instead of a zip archive",
    shown="the archive is broken: File is not a zip file; try again",
    kept="tar is never unpacked, and no folder is left",
)
def test_a_tar_archive_is_never_unpacked(tmp_path: Path, row: Row) -> None:
    with pytest.raises(UserError) as error:
        fetch(tarred("../../evil"), tmp_path)
    row.check_line(str(error.value))
    assert not list((tmp_path / "data").iterdir())


@fault(
    "Reports",
    "uploads to the demo whose names have `..`, absolute paths, backslashes, scripts or 1,000 letters",
    shown="",
    code=0,
    kept="the clip gets a name from the server; nothing is written outside its folder, and no answer has the "
    "client's name",
)
def test_names_of_uploads_lead_nowhere(tmp_path: Path, row: Row, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3, gop=1)
    names = ["../../../evil.mp4", f"{tmp_path}/evil.mp4", "..\\..\\evil.mp4", f"{SCRIPT}evil.mp4", "evil" * 250]
    inside = tmp_path / "temporary"
    inside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(inside))
    before = everything(tmp_path)
    app = build_app(Models([str(model)]), Limits(waiting_clips=len(names)), known_hosts("127.0.0.1"))
    with TestClient(app, "http://127.0.0.1:8765") as client:
        (folder,) = inside.iterdir()
        for name in names:
            answer = client.post("/api/clips", files={"video": (name, clip.read_bytes())})
            assert answer.status_code == 202, answer.text
            assert "evil" not in answer.text
            assert client.post("/api/segment", files={"image": (name, b"none")}).status_code == 400
        made = everything(tmp_path) - before - {folder}
        assert all(path.is_relative_to(folder) and "evil" not in path.name for path in made)
    assert everything(tmp_path) == before
    row.check(0, "")


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))
