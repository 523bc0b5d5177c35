"""Processes that belong together, of which one is killed or stuck: the others end."""

import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from segnet.web.site.check import find_browser
from tests.faults.conftest import Begin
from tests.faults.programs import as_rank, raise_at_step, without_report
from tests.faults.rows import Row, fault


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stuck"])
@fault(
    "Processes",
    "one of two processes of a training is killed, or stuck for longer than `training.process_minutes`",
    shown="another process of this training has ended or is stuck, so process 0 of 2 ends too; look at its messages, "
    "then go on from …last.pt with --resume, on any number of processes",
    kept="the last checkpoint",
)
def test_a_process_is_lost(number: int, begin: Begin, row: Row) -> None:
    training, port = begin(process_minutes=0.4), free_port()
    first = training.start(before=(without_report, partial(as_rank, 0, port)))
    second = training.start(before=(partial(as_rank, 1, port), partial(raise_at_step, number, 3)))
    began = time.monotonic()
    code = first.wait(250)
    second.process.kill()
    second.wait()
    assert time.monotonic() - began < 250
    # What Gloo says comes before the line.
    errors = "\n".join(line for line in first.errors.splitlines() if not line.startswith("[rank"))
    row.check(code, errors)
    assert training.checkpoint.exists()


@fault(
    "Processes",
    "one of two processes of a training never starts",
    shown="not all processes of this training have joined within training.process_minutes=0.05…; start as many as "
    "WORLD_SIZE says, with the same MASTER_ADDR and MASTER_PORT",
    kept="nothing is written",
)
def test_a_process_never_comes(begin: Begin, row: Row) -> None:
    training = begin(process_minutes=0.05)
    row.check(*training.run(before=(partial(as_rank, 0, free_port()),)))
    assert not training.folder.exists()


READ_IN_PROCESSES = """
import time
from segnet.datasets.parallel import map_files

def slowly(_, item):
    time.sleep(0.01)

if __name__ == "__main__":
    for done in map_files(slowly, None, range(100_000), 2):
        print("begun", flush=True)
"""


@fault(
    "Processes",
    "kill -9 of a command whose processes read or convert files",
    shown="",
    code=-signal.SIGKILL,
    kept="its processes end too",
)
def test_processes_end_with_a_killed_command(tmp_path: Path, row: Row) -> None:
    script = tmp_path / "script.py"
    script.write_text(READ_IN_PROCESSES)
    program = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    children = children_of(program.pid)
    assert len(children) >= 3, "two that read, and the tracker of their shared memory"
    program.kill()
    row.check(program.wait(), "")
    program.stdout.close()
    assert_end(children)


OPEN_BROWSER = """
import sys
import time
from segnet.web.site.check import running

with running(sys.argv[1], "about:blank"):
    time.sleep(5)
    print("begun", flush=True)
    time.sleep(600)
"""


@fault(
    "Exported sites",
    "kill -9 while `export` checks a site in a browser",
    shown="",
    code=-signal.SIGKILL,
    kept="the browser ends too",
)
def test_the_browser_ends_with_a_killed_export(row: Row) -> None:
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium or Chrome on this machine")
    program = subprocess.Popen([sys.executable, "-c", OPEN_BROWSER, browser], stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    (child,) = children_of(program.pid)
    assert is_running(child)
    program.kill()
    row.check(program.wait(), "")
    program.stdout.close()
    assert_end([child])


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def assert_end(processes: list[int]) -> None:
    """All of them end within half a minute."""
    until = time.monotonic() + 30
    while any(map(is_running, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_running, processes))


def is_running(process: int) -> bool:
    """Whether there is such a process, and it is more than an entry that nobody has read yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
