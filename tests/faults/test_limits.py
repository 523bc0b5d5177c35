"""A machine that gives little: shared memory, a home, an open terminal."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.faults.conftest import Begin, Training
from tests.faults.programs import mount_shared_memory, without_report
from tests.faults.rows import Row, fault

Compare = Callable[[Training], None]
PART = "The machine's limits"


def run_with_shared_memory(training: Training, options: str) -> tuple[int, str]:
    code, errors = training.run(before=(without_report, partial(mount_shared_memory, options)))
    if code == 77:
        pytest.skip("only root may mount a /dev/shm of its own")
    return code, errors


@fault(
    PART,
    "a `/dev/shm` that is too small for the batches of the reading processes, such as Docker's default of 64 MB",
    shown="/dev/shm: … MB are free, and the batches of data.workers=1 take … MB: they go through pipes, which is "
    "slower; allow more (docker run --shm-size=1g), or lower data.workers",
    code=0,
    kept="the training, which ends bit-identical to an undisturbed one",
)
def test_a_run_with_little_shared_memory_is_bit_identical(begin: Begin, row: Row, assert_undisturbed: Compare) -> None:
    training = begin(workers=1)
    row.check(*run_with_shared_memory(training, "size=6m"))
    assert_undisturbed(training)


@fault(
    PART,
    "a read-only `/dev/shm`",
    shown="/dev/shm cannot be written to, so the main process reads the images (data.workers=0), slower",
    code=0,
    kept="the training, which ends bit-identical to an undisturbed one",
)
def test_read_only_shared_memory(begin: Begin, row: Row, assert_undisturbed: Compare) -> None:
    training = begin(workers=1)
    row.check(*run_with_shared_memory(training, "ro"))
    assert_undisturbed(training)
