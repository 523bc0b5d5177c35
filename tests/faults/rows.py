"""A row of the fault matrix: what is broken, what the user sees, what is kept. The tests carry them."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

LONG = os.environ.get("SEGNET_FAULTS") == "long"
Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        part: of the program.
        fault: what is injected.
        shown: the line that the user sees, without the command's name; ``…`` stands for anything; empty: none.
        code: exit code of the command, negative for a signal that killed it.
        kept: what is still there, or what the run gives all the same.
    """

    part: str
    fault: str
    shown: str
    code: int
    kept: str

    def check(self, code: int, errors: str) -> None:
        """Compare with what a command ended with: its exit code and what it wrote to stderr."""
        assert code == self.code, errors
        assert "Traceback" not in errors, errors
        assert "Warning" not in errors, errors
        if self.shown:
            self.check_line(errors.splitlines()[-1] if self.code else errors.replace("\n", " "))

    def check_line(self, line: str) -> None:
        """Compare with an error's one line."""
        assert "\n" not in line
        pattern = ".*".join(re.escape(part) for part in self.shown.split("…"))
        assert re.search(pattern, line), f"{line!r} is not {self.shown!r}"


def fault(part: str, what: str, *, shown: str, code: int = 1, kept: str) -> Callable[[Test], Test]:
    """Make a test carry a row of the table in ``docs/reliability.md``, which it gets back as the fixture ``row``."""

    def carry(test: Test) -> Test:
        test.row = Row(part, what, shown, code, kept)  # type: ignore[attr-defined]
        return test

    return carry


def times(short: int, long: int) -> int:
    """How often a fault is injected: ``short`` in ``make test``, ``long`` in ``make faults``."""
    return long if LONG else short
