"""One function over many files: the order, its errors, and processes that end before they should."""

import os
import signal

import pytest

from segnet.datasets.parallel import map_files
from segnet.errors import UserError


def power(exponent: int, item: int) -> int:
    if item < 0:
        raise ValueError(f"{item} is negative")
    return int(item**exponent)


def die(_: object, item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("workers", [0, 2])
def test_results_come_in_order(workers: int) -> None:
    assert list(map_files(power, 3, range(100), workers)) == [index**3 for index in range(100)]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_the_function_is_raised_here(workers: int) -> None:
    with pytest.raises(ValueError, match="-7 is negative"):
        list(map_files(power, 3, [1, 2, -7, 4], workers))


def test_a_process_that_is_ended_from_outside_is_named() -> None:
    with pytest.raises(UserError, match="was ended, perhaps for lack of memory"):
        list(map_files(die, None, range(20), workers=2))
