"""Read, predict and write at the same time, with frames in order and bounded memory."""

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

DEPTH = 4
"""Frames that may wait between two threads: enough to even out, and few enough for 4K."""


class _End:
    """The last item of a queue, with the error that ended it if there was one."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """``items`` in order, computed in another thread, at most ``DEPTH`` ahead.

    An error in ``items`` is raised here. A caller that stops early ends the thread.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(DEPTH)
    stopped = threading.Event()

    def put(item: Item | _End) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def fill() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(_End())
        except BaseException as error:
            put(_End(error))

    thread = threading.Thread(target=fill, daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error:
            raise item.error
    finally:
        stopped.set()
        thread.join()


class Behind(Generic[Item]):
    """Calls ``work`` on each item in order, in another thread, at most ``DEPTH`` behind.

    An error of ``work`` is raised at the next call or at the end. Leaving the ``with`` waits for all items.
    """

    def __init__(self, work: Callable[[Item], None]) -> None:
        self.work = work
        self.waiting: queue.Queue[Item | _End] = queue.Queue(DEPTH)
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Behind[Item]":
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.waiting.put(_End())
        self.thread.join()
        if self.error and kind is None:
            raise self.error

    def __call__(self, item: Item) -> None:
        if self.error:
            raise self.error
        self.waiting.put(item)

    def _run(self) -> None:
        while not isinstance(item := self.waiting.get(), _End):
            if self.error is None:
                try:
                    self.work(item)
                except BaseException as error:
                    self.error = error


def at_once(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[tuple[Item, Result], None, None]:
    """Each of ``items`` with the result of ``work``, in order. ``threads`` threads work, each on its own item.

    They share the processor's cores: in each of them, PyTorch uses a part.
    """
    if threads == 1:
        yield from ((item, work(item)) for item in items)
        return
    cores = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=take_cores, initargs=(max(1, cores // threads), cores))
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > threads:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def take_cores(count: int, others_count: int) -> None:
    """Let PyTorch use ``count`` cores in this thread, and ``others_count`` in threads that start later."""
    # The first call in a thread takes over the global number, so it must come before the thread's own is set.
    torch.get_num_threads()
    torch.set_num_threads(count)
    # This thread also sets the number for all threads that start later, until another thread sets it.
    others = threading.Thread(target=torch.set_num_threads, args=(others_count,))
    others.start()
    others.join()


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
