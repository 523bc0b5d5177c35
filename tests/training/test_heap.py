"""Freed memory stays with the process."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from segnet.training.heap import keep_freed_memory

keep_freed_memory()
torch.ones(16, 2**21)  # 128 MiB
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(2):
    torch.ones(16, 2**19)  # 32 MiB, 8192 pages
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_a_tensor_takes_the_memory_of_one_that_was_freed() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 1000  # pages that the system cleared; 16,384 as the C library comes
