"""kill -9 while data or models are converted: the same command again gives the right result, and nothing is left."""

import os
import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from segnet.config import DataConfig
from segnet.inference.export import export
from segnet.inference.export.check import Check
from segnet.inference.export.export import Recipe
from segnet.inference.export.formats import WRITERS
from segnet.nn.saved import SavedModel, load_model
from tests.faults.conftest import Begin
from tests.faults.programs import Program, die_at_disk_call, segnet
from tests.faults.rows import Row, fault, times

Words = list[str | Path]
Counted = Callable[[str], None]
JOURNAL = "converted.jsonl"
"""Its lines depend on the kills."""


def contents_of(folder: Path) -> dict[str, bytes]:
    """Every file, hidden ones too."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != JOURNAL)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(params=["convert", "shards"])
def words(request: pytest.FixtureRequest, tiny_camvid: Path, begin: Begin) -> Callable[[Path], Words]:
    """The command line that fills a folder."""
    config = begin().config

    def line(out: Path) -> Words:
        if request.param == "convert":
            return ["convert", tiny_camvid, out]
        return ["shards", "--config", config, "--out", out, "--samples", "4"]

    return line


def finished(words: Words) -> None:
    code, errors = segnet(*words)
    assert code == 0, errors


class RandomKills:
    """Kills commands at random moments, most of them before they are done on this machine as it is."""

    def __init__(self) -> None:
        self.chance, self.seconds = random.Random(0), 2.0

    def code_of(self, words: Words) -> int:
        """Start a command, kill it, and give its exit code; 0 if it was faster."""
        program = Program([str(word) for word in words])
        program.process.join(self.chance.uniform(0, self.seconds))
        program.process.kill()
        code = program.wait()
        self.seconds *= 0.6 if code == 0 else 1.1
        return code


@fault(
    "Leftovers",
    "kill -9 of `convert` or `shards` at random moments",
    shown="",
    code=-signal.SIGKILL,
    kept="the same command again gives the files of an undisturbed one, to the byte, and no other file is left",
)
def test_killed_conversions(words: Callable[[Path], Words], tmp_path: Path, row: Row, counted: Counted) -> None:
    finished(words(tmp_path / "undisturbed"))
    wanted = contents_of(tmp_path / "undisturbed")
    random_kills, kills, runs = RandomKills(), 0, 0
    while kills < times(4, 100):
        runs += 1
        out = tmp_path / f"out{runs}"
        while (code := random_kills.code_of(words(out))) and kills < 5 * runs:
            row.check(code, "")
            kills += 1
        finished(words(out))
        assert contents_of(out) == wanted
    counted(f"{kills} kills of {runs} conversions of each kind")


@fault(
    "Leftovers",
    "kill -9 of `convert` or `shards` at each call that syncs, renames, links or removes a file",
    shown="",
    code=-signal.SIGKILL,
    kept="the same command again gives the files of an undisturbed one, to the byte, and no other file is left",
)
def test_conversions_killed_within_a_write(
    words: Callable[[Path], Words], tmp_path: Path, row: Row, counted: Counted
) -> None:
    finished(words(tmp_path / "undisturbed"))
    wanted = contents_of(tmp_path / "undisturbed")
    kills = 0
    for call in [1, 2, 4, 5, 8, 20] if times(1, 2) == 1 else range(1, 1000):
        out = tmp_path / f"out{call}"
        code, errors = segnet(*words(out), before=[partial(die_at_disk_call, call)])
        if code == 0:
            break
        row.check(code, errors)
        kills += 1
        finished(words(out))
        assert contents_of(out) == wanted
    assert kills >= 5
    counted(f"killed at {kills} calls one after the other")


def killed_export(model: SavedModel, out: Path, call: int) -> int:
    """Write OpenVINO's pair in a process that is killed at a call; its exit status."""

    def write(path: Path, *_: object) -> None:
        path.write_bytes(b"new")
        path.with_suffix(".bin").write_bytes(b"new")

    child = os.fork()
    if child == 0:
        WRITERS["openvino"] = write  # type: ignore[assignment]
        export.compare = lambda *_: Check(1, 1.0, 0.0, 1.0, 1.0)  # type: ignore[attr-defined]
        die_at_disk_call(call)
        export.export(model, Recipe("openvino", "fp32", out), (), [None], DataConfig(), lambda *_: None)  # type: ignore[arg-type]
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@fault(
    "Leftovers",
    "kill -9 of `export` at each call that syncs, renames or removes one of the two files of OpenVINO",
    shown="",
    code=-signal.SIGKILL,
    kept="the old pair, the new pair, or the weights alone, which no program opens; the same command again gives the "
    "new pair, and no other file is left",
)
def test_a_killed_export_of_a_pair(model: Path, tmp_path: Path, row: Row) -> None:
    opened = load_model(model)
    graph, weights = tmp_path / "model.xml", tmp_path / "model.bin"
    old, new = ({graph: content, weights: content} for content in (b"old", b"new"))
    for call in range(1, 100):
        graph.write_bytes(b"old")
        weights.write_bytes(b"old")
        code = killed_export(opened, graph, call)
        found = {path: path.read_bytes() for path in (graph, weights) if path.exists()}
        if code == 0:
            break
        row.check(code, "")
        assert found in (old, new, {weights: b"old"}, {weights: b"new"})
    assert call > 5
    assert found == new
    assert sorted(tmp_path.iterdir()) == [weights, graph]
