"""What a command is asked to write over something else, or where nothing can be written."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from segnet.errors import UserError
from segnet.files import sweep, write_together
from segnet.written_files import check_written
from tests.faults.programs import die_at_disk_call, segnet
from tests.faults.rows import Row, fault
from tests.faults.test_runs import digests


@pytest.mark.parametrize("option", ["--json", "--report"])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "config.yaml"])
@fault(
    "Outputs",
    "`segnet evaluate` with a file of the model after `--json` or `--report`",
    shown="…: is the input itself; name another file",
    kept="the model, every file unchanged; it is refused before anything is measured",
)
def test_measures_over_the_model(option: str, name: str, model: Path, tmp_path: Path, row: Row) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "run"))
    before = digests(folder)
    row.check(*segnet("evaluate", folder, option, folder / "." / name))
    assert digests(folder) == before


@fault(
    "Outputs",
    "the same file for `--json` and `--report`",
    shown="--report …both: is what --json names too; name another file",
    kept="nothing is measured or written",
)
def test_two_options_with_one_file(model: Path, tmp_path: Path, row: Row) -> None:
    row.check(*segnet("evaluate", model, "--json", tmp_path / "both", "--report", tmp_path / "both"))
    assert not list(tmp_path.iterdir())


@fault(
    "Outputs",
    "`segnet video` with the clip itself, or its output, after `--json`",
    shown="--json …: …; name another file",
    kept="the clip; nothing is written",
)
def test_shares_over_the_video(model: Path, tmp_path: Path, row: Row) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    row.check(*segnet("video", model, clip, tmp_path / "out.mp4", "--json", clip))
    row.check(*segnet("video", model, clip, tmp_path / "out.mp4", "--json", tmp_path / "out.mp4"))
    assert clip.read_bytes() == b"a clip"
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@fault(
    "Outputs",
    "a folder after `--json`, or a file in a folder that does not exist",
    shown="--json …: …folder…",
    kept="it is refused before the split is measured",
)
def test_no_place_for_the_measures(model: Path, tmp_path: Path, row: Row) -> None:
    row.check(*segnet("evaluate", model, "--data", "/no/such/data", "--json", tmp_path))
    row.check(*segnet("evaluate", model, "--data", "/no/such/data", "--json", tmp_path / "none" / "a.json"))


def test_links_and_other_spellings_are_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "input")
    with pytest.raises(UserError, match="is the input itself"):
        check_written({"--json": tmp_path / "link"}, [tmp_path / "x" / ".." / "input"])
    check_written({"--json": tmp_path / "other", "--report": None}, [tmp_path / "input"])


def killed_at(call: int, contents: dict[Path, bytes]) -> int:
    """Write files in a process that is killed at a call; its exit status."""
    child = os.fork()
    if child == 0:
        die_at_disk_call(call)
        write_together(contents)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@fault(
    "Outputs",
    "kill -9 at each call that writes a model over that of another network",
    shown="",
    code=-signal.SIGKILL,
    kept="the weights never lie beside the settings of another network: there is the old pair, the new pair, "
    "or only weights",
)
def test_a_model_over_another_is_killed(tmp_path: Path, row: Row) -> None:
    weights, info = tmp_path / "model.safetensors", tmp_path / "config.json"
    kills = 0
    while True:
        weights.write_bytes(b"old")
        info.write_bytes(b"{old}")
        code = killed_at(kills + 1, {weights: b"new", info: b"{new}"})
        sweep(tmp_path)
        found = weights.read_bytes(), info.read_bytes() if info.exists() else None
        if code == 0:
            break
        row.check(code, "")
        assert found in {(b"old", b"{old}"), (b"new", b"{new}"), (b"old", None), (b"new", None)}
        assert sorted(tmp_path.iterdir()) == [path for path in (info, weights) if path.exists()]
        kills += 1
    assert kills >= 6
    assert found == (b"new", b"{new}")


def test_settings_that_stay_are_not_written_again(tmp_path: Path) -> None:
    weights, info = tmp_path / "model.safetensors", tmp_path / "config.json"
    write_together({weights: b"1", info: b"{}"})
    before = info.stat().st_ino
    write_together({weights: b"2", info: b"{}"})
    assert (weights.read_bytes(), info.stat().st_ino) == (b"2", before)
