"""Standard input as a video file, which is read more than once: its images, its sound, and a look at its size."""

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segnet.errors import UserError
from segnet.files import sweep, temporary_beside

NAME = "standard input"


@contextmanager
def stdin_as_file(output: Path) -> Iterator[Path]:
    """The file that is redirected to standard input; for a pipe, a temporary copy of all that it gives.

    Args:
        output: the copy is kept beside it, and removed at the end. The next writer in that folder removes the copy of a
            process that was killed.

    Raises:
        UserError: nothing comes, or there is no room for it.
    """
    if redirected := redirected_file():
        yield redirected
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    sweep(output.parent)
    with temporary_beside(output.with_name("stdin")) as copy:
        try:
            with copy.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        except OSError as error:
            raise UserError(
                f"{NAME}: cannot be kept in {output.parent} ({error.strerror}); save the video as a file and name that"
            ) from None
        if not copy.stat().st_size:
            raise UserError(f"{NAME}: is empty; give it a video, as in: segnet video MODEL - out.mp4 < clip.mp4")
        yield copy


def redirected_file() -> Path | None:
    """A path that opens standard input's file anew; None: it is a pipe, or the system has no such path."""
    try:
        path = Path(f"/proc/self/fd/{sys.stdin.fileno()}")
    except (AttributeError, ValueError, io.UnsupportedOperation):
        return None
    return path if path.is_file() and path.stat().st_size else None
