"""Atomic writes: the old file or the new one, and nothing beside it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segnet.files import cache_folder, write_atomically, write_json


@pytest.mark.parametrize("content", ["grüße\n", b"\x00\xff"])
def test_writes_text_and_bytes(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "file"
    write_atomically(path, "before")
    write_atomically(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", fail) if call == "fsync" else (Path, "replace", fail)))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "after")
    assert path.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


FILL_THE_DISK = """
import resource, signal, sys
from segnet.files import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(sys.argv[1], b"x" * 5000)
except OSError as error:
    print(error.strerror)
"""


def test_a_file_that_has_no_room_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path], capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"
    assert path.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_json_is_readable_and_reads_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"class": "Fußgänger", "iou": None})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "Fußgänger" in text
    assert text.endswith("}\n")
    assert json.loads(text) == {"class": "Fußgänger", "iou": None}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_CACHE_HOME": "/caches", "HOME": "/home/her"}, "/caches/segnet"),
        ({"HOME": "/home/her"}, "/home/her/.cache/segnet"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/her"}, "/home/her/.cache/segnet"),
        # The convention says that a relative path counts as none.
        ({"XDG_CACHE_HOME": "caches", "HOME": "/home/her"}, "/home/her/.cache/segnet"),
    ],
)
def test_the_cache_folder_is_the_users(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


def test_a_user_without_a_home_and_a_name_has_a_cache_folder_that_goes_with_the_process(tmp_path: Path) -> None:
    code = """
import os, pwd
def nobody(_): raise KeyError("uid not found")
pwd.getpwuid = nobody
from segnet.files import cache_folder, write_atomically
folder = cache_folder()
write_atomically(folder / "a", "kept")
assert cache_folder() == folder and (folder / "a").read_text() == "kept"
assert folder.stat().st_mode & 0o077 == 0, "nobody else's"
print(folder)
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(result.stdout.strip()).parent == tmp_path
    assert not list(tmp_path.iterdir())
