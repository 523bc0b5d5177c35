"""One holder at a time."""

import threading
from pathlib import Path

import pytest

from segnet.lock import lock_file


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with lock_file(tmp_path / "lock"), pytest.raises(BlockingIOError):
        lock_file(tmp_path / "lock")
    lock_file(tmp_path / "lock").close()


def test_a_waiting_process_gets_the_lock_next(tmp_path: Path) -> None:
    first = lock_file(tmp_path / "lock")
    came = threading.Event()

    def wait() -> None:
        with lock_file(tmp_path / "lock", wait=True):
            came.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not came.wait(0.2)
    first.close()
    thread.join(timeout=30)
    assert came.is_set()
