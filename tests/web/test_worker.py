"""The line before the one thread that computes."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from segnet.web.problems import BusyError, RefusedError
from segnet.web.worker import Worker


def run(use: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In a thread of its own: the browser of other tests leaves an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(use())).result()


def test_results_and_errors_come_back() -> None:
    async def use() -> None:
        worker = Worker(waiting=1, seconds=10)
        assert await worker.run(lambda: 42) == 42
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 // 0)
        worker.close()

    run(use)


def test_a_full_queue_refuses_the_next_request_and_serves_the_others() -> None:
    async def use() -> None:
        worker = Worker(waiting=2, seconds=10)
        go = threading.Event()
        first = [asyncio.ensure_future(worker.run(lambda: go.wait(10))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="busy: 3 requests wait already"):
            await worker.run(lambda: True)
        go.set()
        assert await asyncio.gather(*first) == [True] * 3
        assert await worker.run(lambda: "room again") == "room again"
        worker.close()

    run(use)


def test_work_that_takes_too_long_ends_and_abandoned_work_behind_it_never_begins() -> None:
    async def use() -> None:
        worker = Worker(waiting=2, seconds=0.05)
        go, ran = threading.Event(), []
        slow = asyncio.ensure_future(worker.run(lambda: go.wait(10)))
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="not done within"):
            await worker.run(lambda: ran.append("too late"))
        with pytest.raises(RefusedError):
            await slow
        # What has begun keeps its place until it ends.
        assert worker.pending == 1
        go.set()
        worker.close()
        await asyncio.sleep(0)
        assert (worker.pending, ran) == (0, [])

    run(use)
