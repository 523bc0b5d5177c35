"""Progress of a command on the terminal; no output without a terminal."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def output_console(width: int | None = None) -> "Console":
    """Standard output for tables. If the reader of a pipe has left, the command ends as with any other output.

    Args:
        width: in letters; None takes the terminal's.
    """
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            # rich would exit with 1 here, as if the command had failed.
            raise BrokenPipeError

    return Output(width=width)


@contextmanager
def progress_bar(description: str, unit: str = "images") -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left. Call the yielded function with (done, total); a total of 0 is unknown."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(description, total=None, rate="")

        def update(done: int, total: int) -> None:
            speed = progress.tasks[task].speed
            rate = f"{speed:.1f} {unit}/s" if speed else ""
            progress.update(task, completed=done, total=max(done, total) if total else None, rate=rate)

        yield update


def as_html(renderable: "RenderableType", width: int = 110) -> str:
    """What rich would print, for a notebook; ``width`` in letters."""
    from rich.console import Console

    console = Console(record=True, file=io.StringIO(), width=width)
    console.print(renderable, highlight=False)
    return console.export_html(code_format="<pre>{code}</pre>", inline_styles=True)


def say(text: str) -> None:
    """Print a line for people on standard error, beside the command's output."""
    print(one_line(text), file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """``text`` without control characters, which are written out. A file name may hold a newline or an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
