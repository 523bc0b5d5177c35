"""Apply one function to many files in several processes, in order, with a bounded number in progress."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process, resource_tracker
from typing import Any, TypeVar

import cv2

from segnet.errors import UserError
from segnet.shared_memory import has_semaphores

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 8
AHEAD = 4
"""Chunks that a worker may be ahead of the reader, so that memory does not grow with the number of files."""
MIN_ITEMS = 64
"""A smaller number is done before a process has started."""


def map_files(
    function: Callable[[Any, Item], Result], shared: object, items: Sequence[Item], workers: int | None = None
) -> Iterator[Result]:
    """``function(shared, item)`` of each item, in order.

    Args:
        function: a function at module level; its errors are raised here.
        shared: sent to each process once.
        items: small objects.
        workers: number of processes; None: one for each core, or none for a few items; 0 or 1: none.

    Raises:
        UserError: a process was killed, for instance for lack of memory.
    """
    if workers is None:
        workers = (os.cpu_count() or 1) if len(items) >= MIN_ITEMS else 1
    if workers <= 1 or not has_semaphores():
        yield from (function(shared, item) for item in items)
        return
    # Forking a process that has threads can hang it, so the workers start afresh.
    context = get_context("spawn")
    stopped = context.RawValue("b", 0)
    pool = ProcessPoolExecutor(workers, context, initializer=_remember, initargs=(function, shared, stopped))
    waiting: deque[Future[list[Any]]] = deque()
    try:
        for start in range(0, len(items), CHUNK):
            # The first chunks start a process each.
            with children_without_ctrl_c():
                waiting.append(pool.submit(_work, items[start : start + CHUNK]))
            if len(waiting) >= workers * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool:
        raise UserError(
            "a process that works on files was ended, perhaps for lack of memory; end other programs, "
            "or take fewer processes (--workers)"
        ) from None
    finally:
        # The chunks in work, and those already handed over, are not worth waiting for.
        stopped.value = 1
        pool.shutdown(cancel_futures=True)


@contextmanager
def children_without_ctrl_c() -> Iterator[None]:
    """Start processes that hold Ctrl-C back until they can ignore it; it reaches this process when all are started."""
    # It would unblock Ctrl-C if it were started with the first process.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_job: tuple[Callable[[Any, Any], Any], Any, Any]


def _remember(function: Callable[[Any, Any], Any], shared: object, stopped: object) -> None:
    global _job
    _job = function, shared, stopped
    # Ctrl-C reaches the whole process group, and the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    # There is a process for each core already.
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End if the parent was killed. It would wait for work for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(items: Sequence[Any]) -> list[Any]:
    function, shared, stopped = _job
    return [function(shared, item) for item in items if not stopped.value]
