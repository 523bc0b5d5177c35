"""One worker thread with a bounded queue."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from segnet.web.problems import BusyError, RefusedError, refusal_of

Result = TypeVar("Result")


class Worker:
    """Runs one task after another.

    Two networks at once would only slow each other down, and one network is not made for two threads.

    Args:
        waiting: tasks that may wait behind the running one.
        seconds: time in which a task must be done, including waiting.
    """

    def __init__(self, waiting: int, seconds: float) -> None:
        self.waiting, self.seconds = waiting, seconds
        self.pending = 0
        self.counting = threading.Lock()
        self.thread = ThreadPoolExecutor(1, "segnet-worker")

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run ``work``; gives its result, or raises its error.

        Raises:
            BusyError: the queue is full.
            RefusedError: it takes too long. Work that has begun runs to its end, since a network cannot be stopped, and
                keeps its place in the queue until then.
        """
        with self.counting:
            if self.pending > self.waiting:
                raise BusyError(f"{self.pending} requests wait already")
            future = self.thread.submit(self._in_words, work)
            self.pending += 1
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self.seconds)
        except TimeoutError:
            raise RefusedError(504, f"not done within {self.seconds:g} s; choose a smaller size") from None

    @staticmethod
    def _in_words(work: Callable[[], Result]) -> Result:
        try:
            return work()
        except Exception as error:
            if refusal := refusal_of(error):
                raise refusal from None
            raise

    def _leave(self, _: object) -> None:
        with self.counting:
            self.pending -= 1

    def close(self) -> None:
        """Cancel the waiting tasks, and wait for the running one."""
        self.thread.shutdown(cancel_futures=True)
