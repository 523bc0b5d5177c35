"""The memory that this process can still get: from the system, and within the limits of its control groups."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Accounts(NamedTuple):
    """Where a version of control groups keeps its accounts.

    Attributes:
        mounts: usual folders of the hierarchy, relative to the root of the file system.
        limit: name of the file with the most bytes.
        used: name of the file with the bytes in use, those of cached files among them.
        cached: keys in ``memory.stat`` of caches, which the kernel gives up when memory is short.
    """

    mounts: tuple[str, ...]
    limit: str
    used: str
    cached: tuple[str, ...]


VERSION_1 = Accounts(
    ("sys/fs/cgroup/memory",),
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    ("total_inactive_file", "total_active_file"),
)
VERSION_2 = Accounts(
    ("sys/fs/cgroup", "sys/fs/cgroup/unified"),
    "memory.max",
    "memory.current",
    ("inactive_file", "active_file", "slab_reclaimable"),
)


def free_memory(root: Path = Path("/")) -> int | None:
    """Bytes that this process can still allocate; None if the system does not tell.

    A container, a service and a job of a cluster usually get a part of the machine. The kernel ends them if they take
    more, even if the machine has free memory.

    Args:
        root: of the file system; another one for tests.
    """
    known = [*_of_system(root), *_of_groups(root)]
    return max(0, min(known)) if known else None


def _of_system(root: Path) -> Iterator[int]:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            yield 1024 * int(line.split()[1])


def _of_groups(root: Path) -> Iterator[int]:
    """What each limited group leaves: the process's own group and the groups around it."""
    for line in _lines(root / "proc/self/cgroup"):
        number, controllers, name = line.split(":", 2)
        if number == "0":
            accounts = VERSION_2
        elif "memory" in controllers.split(","):
            accounts = VERSION_1
        else:
            continue
        path = Path(name.lstrip("/"))
        for group in (path, *path.parents):
            for mount in accounts.mounts:
                yield from _left(root / mount / group, accounts)


def _left(folder: Path, accounts: Accounts) -> Iterator[int]:
    limit, used = _lines(folder / accounts.limit), _lines(folder / accounts.used)
    # Version 2 says "max" for no limit; version 1 says a number larger than any memory.
    if not (limit and used and limit[0].isdecimal()):
        return
    entries = dict(line.split() for line in _lines(folder / "memory.stat"))
    yield int(limit[0]) - int(used[0]) + sum(int(entries.get(key, 0)) for key in accounts.cached)


def _lines(path: Path) -> list[str]:
    """The lines of a file of the kernel; none if it cannot be read."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
