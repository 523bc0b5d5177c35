"""Find the known word that is closest to an unknown one."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], count: int = 1) -> list[str]:
    """At most ``count`` of the ``known`` words that are much like ``word``, the nearest first; case does not count."""
    by_lower = {other.lower(): other for other in known}
    return [by_lower[match] for match in difflib.get_close_matches(word.lower(), by_lower, n=count)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean lr?``, or nothing where nothing is near."""
    matches = nearest(word, known)
    return f"did you mean {matches[0]}?" if matches else ""
