"""JSON files from elsewhere: read up to a maximal length, and refused in one line if they are not JSON."""

import json
from pathlib import Path
from typing import Any

from segnet.errors import UserError, first_line

MOST_BYTES = 1_000_000


def read_json(path: Path, advice: str, most_bytes: int = MOST_BYTES) -> Any:
    """The content of a file.

    Args:
        path: of the file.
        advice: what to do where it cannot be read, which ends the sentence.
        most_bytes: that it may have.

    Raises:
        UserError: it is not there, too long, or no JSON.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); {advice}") from None
    if len(content) > most_bytes:
        raise UserError(f"{path}: over {most_bytes / 1e6:g} MB, more than such a file has; {advice}")
    return parse_json(content, str(path), advice)


def parse_json(content: bytes | str, place: str, advice: str) -> Any:
    """As :func:`read_json`, of what has been read from ``place``."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: is not JSON ({first_line(error)}); {advice}") from None
