import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from segnet.hardware import keep_freed_memory

def faults():
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(64 << 20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begin

print(min(faults() for _ in range(10)))
keep_freed_memory()
print(min(faults() for _ in range(10)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told to")
def test_freed_memory_is_used_again_instead_of_being_filled_with_zeros_by_the_kernel() -> None:
    output = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    before, kept = map(int, output.split())
    assert before > 30  # a page fault for every 4 KiB, or for every 2 MiB where the kernel uses huge pages
    assert kept < 10
