"""Threads in a row: order, errors, and an end."""

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from segnet.errors import UserError
from segnet.inference.video.pipeline import Behind, ahead, at_once, batched


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


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_several_at_once_come_in_order(threads: int) -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number * number

    assert list(at_once(slow_at_first, range(10), threads)) == [(number, number * number) for number in range(10)]
    assert not list(at_once(slow_at_first, [], threads))


def test_those_at_once_are_in_threads_that_share_the_cores() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    both = threading.Barrier(2)

    def work(number: int) -> tuple[str, int]:
        both.wait(10)
        return threading.current_thread().name, torch.get_num_threads()

    try:
        found = [result for _, result in at_once(work, range(4), 2)]
        assert len({name for name, _ in found}) == 2
        assert [cores for _, cores in found] == [2] * 4
        # Neither this thread nor those to come have fewer.
        later: list[int] = []
        thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert [torch.get_num_threads(), *later] == [4, 4]
    finally:
        torch.set_num_threads(before)


def test_an_error_at_once_comes_through_and_ends_the_rest() -> None:
    before, done = threading.active_count(), list[int]()

    def fail(number: int) -> None:
        done.append(number)
        raise UserError(f"frame {number} is broken")

    with pytest.raises(UserError, match="frame 0 is broken"):
        list(at_once(fail, range(100), 2))
    assert len(done) <= 3
    assert threading.active_count() == before


def test_batches_are_full_but_for_the_last() -> None:
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
