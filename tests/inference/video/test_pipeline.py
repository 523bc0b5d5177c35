"""Threads in a row: order, errors, and an end."""

import threading
from collections.abc import Iterator

import pytest

from segnet.errors import UserError
from segnet.inference.video.pipeline import Behind, ahead, batched


def test_items_come_in_order_and_errors_come_through() -> None:
    def items() -> Iterator[int]:
        yield from range(20)
        raise UserError("the camera is gone")

    seen: list[int] = []
    with pytest.raises(UserError, match="the camera is gone"):
        seen.extend(ahead(items()))
    assert seen == list(range(20))


def test_stopping_early_ends_the_reading_thread() -> None:
    before = threading.active_count()
    endless = iter(int, 1)
    for _ in ahead(endless):
        break
    assert threading.active_count() == before


def test_work_behind_is_done_in_order_and_its_error_comes_back() -> None:
    done: list[int] = []
    with Behind(done.append) as keep:
        for number in range(20):
            keep(number)
    assert done == list(range(20))

    def fail(number: int) -> None:
        raise UserError(f"no room for frame {number}")

    with pytest.raises(UserError, match="no room for frame 0"), Behind(fail) as keep:
        keep(0)


def test_batches_are_full_but_for_the_last() -> None:
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
