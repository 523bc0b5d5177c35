"""Exported sites that replace one another: killed, without room, with the longest of names."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from segnet.files import replace_folder, sweep, temporary_beside
from segnet.web.site.runtime import FILES
from tests.faults.programs import die_at_disk_call, limit_file_size, segnet
from tests.faults.rows import Row, fault
from tests.faults.surroundings import without_browser
from tests.faults.test_leftovers import hidden

PART = "Exported sites"
OLD = {"site.json": b"{}", "page/old.js": b"old"}


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """Files with the names of ONNX Runtime Web."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(b"runtime")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An older site."""
    return write(tmp_path / "host" / "site", OLD)


def write(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def export_words(model: Path, data: Path, site: Path, runtime: Path) -> list[str | Path]:
    return ["export", model, "--format", "web", "--data", data, "--out", site, "--runtime", runtime]


@fault(
    PART,
    "kill -9 while `export` writes a site, at its first sync, and between the two renames that replace the old site",
    shown="",
    code=-signal.SIGKILL,
    kept="the old site: the next command that writes beside it brings it back and removes the leftovers",
)
def test_a_killed_export_of_a_site(model: Path, tiny_camvid: Path, runtime: Path, site: Path, row: Row) -> None:
    words = export_words(model, tiny_camvid, site, runtime)
    for dies in (partial(die_at_disk_call, 1, ["fsync"]), partial(die_at_disk_call, 3, ["rename"])):
        row.check(*segnet(*words, before=[without_browser, dies]))
        assert len(hidden(site.parent)) == 1
    assert not site.exists()
    code, errors = segnet("video", model, tiny_camvid / "val", site.parent / "out.mp4")
    assert code == 0, errors
    assert contents_of(site) == OLD
    code, errors = segnet(*words, before=[without_browser])
    assert code == 0, errors
    assert "index.html" in contents_of(site)
    assert "page/old.js" not in contents_of(site)
    assert hidden(site.parent) == []


def killed_at(call: int, site: Path) -> int:
    """Replace a site in a process that is killed at a call; its exit status."""
    child = os.fork()
    if child == 0:
        die_at_disk_call(call)
        with temporary_beside(site, folder=True) as held:
            replace_folder(site, write(held / "site", {"site.json": b"{new}"}), held)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@fault(
    PART,
    "kill -9 at each call that replaces a site",
    shown="",
    code=-signal.SIGKILL,
    kept="the old site or the new one, whole",
)
def test_a_site_is_replaced_whole(site: Path, row: Row) -> None:
    for call in range(1, 100):
        code = killed_at(call, site)
        sweep(site.parent)
        assert hidden(site.parent) == []
        if code == 0:
            break
        row.check(code, "")
        assert contents_of(site) in (OLD, {"site.json": b"{new}"})
        write(site, OLD)
    assert call > 4
    assert contents_of(site) == {"site.json": b"{new}"}


def test_a_site_whose_replacement_fails_comes_back(site: Path) -> None:
    with pytest.raises(FileNotFoundError), temporary_beside(site, folder=True) as held:
        replace_folder(site, held / "missing", held)
    assert contents_of(site) == OLD
    assert hidden(site.parent) == []


@pytest.mark.parametrize("limit", [2_000, 30_000])
@fault(
    PART,
    "a file-size limit or a full disk while `export` writes a site",
    shown="site: cannot be written (File too large); make room there and give the command again",
    kept="the old site, to the byte; nothing else is left",
)
def test_a_site_without_room(limit: int, model: Path, tiny_camvid: Path, runtime: Path, site: Path, row: Row) -> None:
    words = export_words(model, tiny_camvid, site, runtime)
    row.check(*segnet(*words, before=[without_browser, partial(limit_file_size, limit)]))
    assert contents_of(site) == OLD
    assert [path.name for path in site.parent.iterdir()] == ["site"]


@pytest.mark.parametrize("name", ["s" * 255, "ü" * 127, ".", "link"], ids=["ASCII", "UTF-8", "here", "link"])
@fault(
    PART,
    "an output of the greatest length of name, the current folder, or a link to a folder",
    shown="",
    code=0,
    kept="the site is written there; a link stays a link",
)
def test_sites_with_odd_names(
    name: str, model: Path, tiny_camvid: Path, runtime: Path, tmp_path: Path, row: Row
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    words: list[str | Path] = ["--format", "web", "--data", tiny_camvid, "--runtime", runtime]
    out = Path(name) if name == "." else tmp_path / name
    row.check(*segnet("export", model, "--out", out, *words, before=[without_browser, partial(os.chdir, folder)]))
    assert (folder / "index.html" if name in (".", "link") else out / "index.html").is_file()
    assert (tmp_path / "link").is_symlink()
    assert hidden(tmp_path) == []
