"""Trainings that are killed, stopped and run out of room: always resumable, to the same bits."""

import hashlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.conftest import Begin, Training
from tests.faults.programs import (
    at_step,
    die_at_disk_call,
    limit_file_size,
    raise_at_step,
    without_report,
    without_room_check,
)
from tests.faults.rows import Row, fault, times

Compare = Callable[[Training], None]
Counted = Callable[[str], None]


@fault(
    "Training",
    "kill -9 at random moments, repeated until the run is complete",
    shown="",
    code=-signal.SIGKILL,
    kept="the last checkpoint; with `--resume` the run ends bit-identical to an undisturbed one",
)
def test_kill_at_random_moments(
    begin: Begin, undisturbed: Training, assert_undisturbed: Compare, row: Row, counted: Counted
) -> None:
    wanted, kills, runs = times(5, 200), 0, 0
    chance = random.Random(0)
    probe = begin("probe")
    began = time.monotonic()
    probe.resume_to_end()
    duration = time.monotonic() - began
    while kills < wanted:
        runs += 1
        training = begin(f"run{runs}")
        before = kills
        while True:
            began = time.monotonic()
            program = training.start(*(["--resume"] if training.folder.is_dir() else []))
            if kills < wanted:
                program.process.join(chance.uniform(0, duration))
                program.process.kill()
            code = program.wait()
            if code == 0:
                break
            row.check(code, "")
            kills += 1
        if kills == before:
            # Too late for a kill: the machine has less else to do than when the probe ran.
            duration = time.monotonic() - began
        assert_undisturbed(training)
    counted(f"{kills} kills at random moments of {runs} runs; all {runs} ended bit-identical")


@fault(
    "Training",
    "kill -9 in the middle of a write: at each call that syncs, renames, links or removes a file",
    shown="",
    code=-signal.SIGKILL,
    kept="the checkpoint before; with `--resume` the run ends bit-identical, and no temporary file is left",
)
def test_kill_within_a_write(begin: Begin, assert_undisturbed: Compare, row: Row, counted: Counted) -> None:
    numbers = [3, 8, 9, 11, 40] if times(1, 2) == 1 else range(1, 1000)
    killed = 0
    for index in numbers:
        training = begin(f"run{index}")
        code, errors = training.run(before=(without_report, partial(die_at_disk_call, index)))
        if code == 0:
            break
        row.check(code, errors)
        killed += 1
        training.resume_to_end()
        assert_undisturbed(training)
        assert not list(training.folder.rglob(".*.[0-9a-f]*"))
    assert killed >= 5
    counted(f"killed at {killed} calls one after the other, all of a run; each run resumed bit-identical")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@fault(
    "Training",
    "Ctrl-C, or SIGTERM from a scheduler",
    shown="stopped in epoch 2 after step 7, which is saved in …last.pt; go on with --resume",
    code=130,
    kept="every step; with `--resume` the run ends bit-identical",
)
def test_a_stopped_run_resumes_bit_identical(number: int, begin: Begin, assert_undisturbed: Compare, row: Row) -> None:
    training = begin(checkpoint_minutes=5.0)
    row.check(*training.run(before=(without_report, partial(raise_at_step, number, 7))))
    training.resume_to_end()
    assert_undisturbed(training)


@fault(
    "Training",
    "Ctrl-C in a terminal, which also reaches the processes that read images",
    shown="stopped in epoch 1 after step 4, which is saved in …last.pt; go on with --resume",
    code=130,
    kept="every step, and one line is printed; with `--resume` the run ends bit-identical",
)
def test_ctrl_c_in_a_terminal(begin: Begin, assert_undisturbed: Compare, row: Row) -> None:
    training = begin(workers=2, checkpoint_minutes=5.0)
    reached = training.config.with_name("reached")
    stop = partial(at_step, 4, partial(wait_at, reached, 3.0))
    program = training.start(before=(without_report, os.setsid, hear_ctrl_c, stop))
    while not reached.exists() and program.process.is_alive():
        time.sleep(0.05)
    os.killpg(program.process.pid or 0, signal.SIGINT)
    row.check(program.wait(), program.errors)
    assert len(program.errors.splitlines()) == 2, "where the first images are, and where the run was stopped"
    training.resume_to_end()
    assert_undisturbed(training)


def hear_ctrl_c() -> None:
    """A shell's background job ignores Ctrl-C, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_at(reached: Path, seconds: float) -> None:
    """Say that a step has begun, and let it take some time."""
    reached.touch()
    time.sleep(seconds)


@fault(
    "Training",
    "a file-size limit (`ulimit -f`) or a quota that is too small for one file of the run after another",
    shown="File too large; make room there and give the command again",
    kept="the last good checkpoint; with room again, `--resume` ends bit-identical",
)
def test_files_that_have_no_room(begin: Begin, assert_undisturbed: Compare, row: Row, counted: Counted) -> None:
    # Under 100 bytes the line that the user sees has no room in the file that catches it here.
    limits = [100, 3_000, 60_000] if times(1, 2) == 1 else [100, *(2**n for n in range(7, 17))]
    for limit in limits:
        training = begin(f"run{limit}")
        row.check(*training.run(before=(without_report, partial(limit_file_size, limit))))
        training.resume_to_end()
        assert_undisturbed(training)
    counted(f"{len(limits)} limits from {limits[0]} to {limits[-1]} bytes; every run resumed bit-identical")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A file system of so many bytes, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def resize(size: int) -> Path:
        options = ["-o", f"remount,size={size}" if os.path.ismount(disk) else f"size={size}"]
        done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", disk], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"no small disk: {done.stderr.decode().strip()}")
        return disk

    yield resize
    if os.path.ismount(disk):
        subprocess.run(["umount", disk], check=True)


@fault(
    "Training",
    "the disk full, at later and later writes",
    shown="No space left on device; make room there and give the command again",
    kept="the last good checkpoint; with room again, `--resume` ends bit-identical",
)
def test_a_run_that_met_a_full_disk_resumes_bit_identical(
    begin: Begin, small_disk: Callable[[int], Path], assert_undisturbed: Compare, row: Row, counted: Counted
) -> None:
    sizes = [8_192, 200_000] if times(1, 2) == 1 else list(range(4_096, 460_000, 24_576))
    for size in sizes:
        disk = small_disk(2**24)
        training = begin(f"run{size}", runs=disk)
        used = sum(file.stat().st_blocks * 512 for file in disk.rglob("*"))
        small_disk(used + size)
        row.check(*training.run(before=(without_report, without_room_check)))
        small_disk(2**24)
        training.resume_to_end()
        assert_undisturbed(training)
        subprocess.run(["rm", "-rf", training.folder], check=True)
    counted(f"{len(sizes)} sizes of the disk from {sizes[0]} to {sizes[-1]} bytes; every run resumed bit-identical")


def test_the_manifest_lists_each_checkpoint_with_its_checksum(undisturbed: Training) -> None:
    folder = undisturbed.checkpoint.parent
    entries = json.loads((folder / "manifest.json").read_text())
    assert {entry["file"]: entry["step"] for entry in entries} == {
        "best.pt": entries[0]["step"],
        "last.pt": 10,
        "previous_last.pt": 10,
    }
    for entry in entries:
        content = (folder / entry["file"]).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
