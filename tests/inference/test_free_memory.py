"""The free memory is the least of what the system and the control groups leave."""

from pathlib import Path

import pytest

from segnet.inference.free_memory import free_memory

SYSTEM = 8_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with 8 GB of available memory."""
    write(tmp_path / "proc/meminfo", "MemTotal: 16000000 kB\nMemFree: 1000 kB\nMemAvailable: 7812500 kB\n")
    return tmp_path


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def group_of_version_2(folder: Path, limit: str, used: int, stat: str = "anon 5\nfile 999999\n") -> None:
    write(folder / "memory.max", f"{limit}\n")
    write(folder / "memory.current", f"{used}\n")
    write(folder / "memory.stat", stat)


def group_of_version_1(folder: Path, limit: int, used: int, stat: str = "cache 999999\nrss 5\n") -> None:
    write(folder / "memory.limit_in_bytes", f"{limit}\n")
    write(folder / "memory.usage_in_bytes", f"{used}\n")
    write(folder / "memory.stat", stat)


def test_without_groups_it_is_what_the_system_has_available(root: Path) -> None:
    assert free_memory(root) == SYSTEM


def test_a_system_that_does_not_tell_is_none(tmp_path: Path) -> None:
    assert free_memory(tmp_path) is None


def test_a_container_of_version_2_is_limited_in_its_own_root(root: Path) -> None:
    write(root / "proc/self/cgroup", "0::/\n")
    group_of_version_2(root / "sys/fs/cgroup", "2000000000", 500_000_000)
    assert free_memory(root) == 1_500_000_000


def test_cached_files_count_as_free(root: Path) -> None:
    write(root / "proc/self/cgroup", "0::/job\n")
    stat = "anon 7\nfile 900\nshmem 600\ninactive_file 100\nactive_file 200\nslab_reclaimable 30\nslab 70\n"
    group_of_version_2(root / "sys/fs/cgroup/job", "10000", 9_000, stat)
    assert free_memory(root) == 1_000 + 100 + 200 + 30


def test_a_group_around_the_own_one_may_have_the_limit(root: Path) -> None:
    write(root / "proc/self/cgroup", "0::/user.slice/session.scope\n")
    group_of_version_2(root / "sys/fs/cgroup/user.slice/session.scope", "max", 300)
    group_of_version_2(root / "sys/fs/cgroup/user.slice", "4000", 1_000)
    assert free_memory(root) == 3_000


def test_no_limit_leaves_what_the_system_has(root: Path) -> None:
    write(root / "proc/self/cgroup", "4:memory:/docker/abc\n0::/docker/abc\n")
    group_of_version_1(root / "sys/fs/cgroup/memory/docker/abc", 9_223_372_036_854_771_712, 1_000)
    group_of_version_2(root / "sys/fs/cgroup/unified/docker/abc", "max", 1_000)
    assert free_memory(root) == SYSTEM


def test_version_1_counts_the_groups_inside_too(root: Path) -> None:
    write(root / "proc/self/cgroup", "5:devices:/x\n4:cpuset,memory:/slurm/job_7\n1:name=systemd:/init.scope\n")
    stat = "inactive_file 1\nactive_file 2\ntotal_inactive_file 100\ntotal_active_file 200\n"
    group_of_version_1(root / "sys/fs/cgroup/memory/slurm/job_7", 10_000, 9_000, stat)
    assert free_memory(root) == 1_300


def test_a_container_of_version_1_sees_its_group_as_the_root(root: Path) -> None:
    # Docker mounts the container's own group, but names it by its path on the host.
    write(root / "proc/self/cgroup", "4:memory:/docker/abc\n")
    group_of_version_1(root / "sys/fs/cgroup/memory", 3_000, 1_000)
    assert free_memory(root) == 2_000


def test_a_group_beyond_its_limit_leaves_nothing(root: Path) -> None:
    write(root / "proc/self/cgroup", "0::/\n")
    group_of_version_2(root / "sys/fs/cgroup", "1000", 1_500)
    assert free_memory(root) == 0


def test_this_machine_has_a_number_of_bytes() -> None:
    free = free_memory()
    assert free is None or 1_000_000 < free < 2**50
