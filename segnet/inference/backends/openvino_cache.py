"""Compiled graphs in the user's cache folder, so a network is compiled once for each size."""

from pathlib import Path

from segnet.files import cache_folder

KEPT = 16
"""The number of graphs that are kept, the newest ones. Each is as large as the network's weights."""


def graph_cache() -> Path | None:
    """The folder, after the oldest graphs were removed; None if nothing can be written there."""
    folder = cache_folder() / "openvino"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = sorted(folder.glob("*.blob"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[KEPT:]:
            path.unlink(missing_ok=True)
    except OSError:
        return None
    return folder
