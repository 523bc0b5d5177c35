"""One worker thread with a bounded queue."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from segnet.web.problems import BusyError, RefusedError

Result = TypeVar("Result")


class Worker:
    """Runs one piece of work after another.

    Two networks at once would only take the processor from each other, and one network is not made for two threads.

    Args:
        waiting: pieces that may wait beside the one that runs.
        seconds: within which a piece is done, waiting included.
    """

    def __init__(self, waiting: int, seconds: float) -> None:
        self.waiting, self.seconds = waiting, seconds
        self.pending = 0
        self.counting = threading.Lock()
        self.thread = ThreadPoolExecutor(1, "segnet-worker")

    async def run(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns, or raises.

        Raises:
            BusyError: too many wait already.
            RefusedError: it takes too long. What has begun goes on to its end, for a network cannot be stopped half
                way, and keeps its place in the line until then.
        """
        with self.counting:
            if self.pending > self.waiting:
                raise BusyError(f"{self.pending} requests wait already")
            future = self.thread.submit(work)
            self.pending += 1
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self.seconds)
        except TimeoutError:
            raise RefusedError(504, f"not done within {self.seconds:g} s; choose a smaller size") from None

    def _leave(self, _: object) -> None:
        with self.counting:
            self.pending -= 1

    def close(self) -> None:
        """Give up what waits, and wait for what runs."""
        self.thread.shutdown(cancel_futures=True)
