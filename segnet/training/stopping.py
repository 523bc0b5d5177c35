"""End a run early: on Ctrl-C, SIGTERM or SIGHUP between two steps, when its state can be saved, or for a search."""

import signal
from types import FrameType, TracebackType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PrunedError(Exception):
    """A search ends the run after an epoch, because most of its other runs were better at that epoch."""


class StopRequest:
    """While entered, the first SIGINT, SIGTERM or SIGHUP sets ``requested``. A second SIGINT interrupts at once."""

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopRequest":
        for number in ENDING:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                # Under nohup a run goes on when its terminal is closed.
                continue
            try:
                self._before[number] = signal.signal(number, self._handle)
            except ValueError:
                # Only the main thread of a program may set handlers. In other threads the run cannot be asked to stop.
                break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = True


def leave_signals_to_parent(_worker: int) -> None:
    """Ignore Ctrl-C and SIGTERM in a loader's worker. They reach the whole process group, and the parent decides.

    A worker still ends with its parent, whom it looks for every few seconds.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
