"""Plain data of a file without a schema of its own: finite and bounded values of limited depth and number."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

LARGEST = 2**53
"""The largest number: up to here every integer is a float too, so that YAML, JSON and PyTorch agree."""
LONGEST = 10_000
"""The most letters of a text, items of a list, and values in all."""
DEEPEST = 10
"""The deepest nesting of lists and mappings. Python itself fails at about a hundred times this depth."""


def problem_in(tree: Any) -> str:
    """The first value that is no plain data, as ``key: problem``; empty if there is none.

    Objects of pydantic models have been checked as settings, and are skipped.
    """
    waiting: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    seen = 0
    while waiting:
        keys, value = waiting.pop()
        seen += 1
        problem = problem_of(value)
        if len(keys) > DEEPEST:
            problem = f"lists and mappings more than {DEEPEST} deep"
        if seen > LONGEST:
            problem = f"more than {LONGEST} values"
        if problem:
            return ": ".join(filter(None, (".".join(keys), problem)))
        if isinstance(value, Mapping):
            waiting += reversed([((*keys, str(key)), inner) for key, inner in value.items()])
        elif isinstance(value, list | tuple):
            waiting += reversed([((*keys, str(index)), inner) for index, inner in enumerate(value)])
    return ""


def problem_of(value: Any) -> str:
    """The problem of one value, apart from the values in it."""
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        return "" if wrong is None else f"the key {wrong!r:.40} is not text; put quotes around it"
    if isinstance(value, str):
        return problem_of_text(value)
    if isinstance(value, int | float):
        return "" if abs(value) <= LARGEST else "a number has to be finite and between -2^53 and 2^53"
    if isinstance(value, list | tuple) and len(value) > LONGEST:
        return f"{len(value)} items, at most {LONGEST} are accepted"
    if value is None or isinstance(value, list | tuple | BaseModel):
        return ""
    return f"found {type(value).__name__}, which is no text, number, list or mapping; put quotes around it"


def problem_of_text(text: str) -> str:
    if len(text) > LONGEST:
        return f"a text of {len(text)} letters, at most {LONGEST} are accepted"
    if "\0" in text:
        return "a text holds NUL, which no name of a file may"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a text holds what is no character"
    return ""
