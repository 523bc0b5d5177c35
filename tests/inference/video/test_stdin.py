"""A video from standard input: redirected, through a pipe, empty, and killed on the way."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from segnet.cli import main
from segnet.errors import UserError
from segnet.inference.video.stdin import stdin_as_file
from tests.inference.video.clips import frame_times, write_clip


class Pipe:
    """Standard input that is no file."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


def test_a_clip_through_a_pipe_becomes_a_video(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An MP4 whose index comes last can be read from a file alone.
    clip = write_clip(tmp_path / "in.mp4")
    out = tmp_path / "new" / "out.mp4"
    out.parent.mkdir()
    monkeypatch.setattr(sys, "stdin", Pipe(clip.read_bytes()))
    assert main(["video", str(model_folder), "-", str(out)]) == 0
    assert frame_times(out) == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system has no such paths")
def test_a_redirected_file_is_read_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "in.mp4")
    with clip.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with stdin_as_file(tmp_path / "out.mp4") as path:
            assert path.samefile(clip)
    assert list(tmp_path.iterdir()) == [clip]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty; give it a video"), (b"no video" * 99, "is no video|cannot be read as a video")],
)
def test_what_is_no_video_is_named_as_standard_input(
    content: bytes,
    words: str,
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(content))
    assert main(["video", str(model_folder), "-", str(tmp_path / "out.mp4")]) == 1
    line = capsys.readouterr().err
    assert "standard input: " in line
    assert any(part in line for part in words.split("|"))
    assert ".part" not in line
    assert not list(tmp_path.iterdir())


def test_the_copy_of_a_killed_process_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"""
from pathlib import Path
from segnet.inference.video.stdin import stdin_as_file
with stdin_as_file(Path({str(tmp_path / "out.mp4")!r})):
    pass
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    while not list(tmp_path.glob(".stdin.*.part")):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(sys, "stdin", Pipe(b"video"))
    with stdin_as_file(tmp_path / "out.mp4") as path:
        assert list(tmp_path.iterdir()) == [path]
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    monkeypatch.setattr(sys, "stdin", Pipe(b"video"))
    with pytest.raises(UserError, match="No space left on device"), stdin_as_file(tmp_path / "out.mp4"):
        pass
    assert not list(tmp_path.iterdir())
