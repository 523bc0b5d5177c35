"""The order of an epoch: each sample once, resumable, shared by processes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from segnet.datasets.sampling import EpochBatches
from segnet.errors import UserError

lengths, sizes, ranks, seeds = st.integers(1, 80), st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**32)


def indices(batches: EpochBatches) -> list[int]:
    return [index for batch in batches for _, index in batch]


@given(lengths, sizes, ranks, seeds, st.integers(0, 1000))
def test_processes_share_each_sample_once_in_as_many_batches(
    length: int, size: int, world_size: int, seed: int, epoch: int
) -> None:
    assume(length >= world_size)
    seen, counts = [], set()
    for rank in range(world_size):
        batches = EpochBatches(length, size, seed, rank, world_size)
        batches.start_at(epoch)
        lists = list(batches)
        counts |= {len(lists), len(batches)}
        assert all(0 < len(batch) <= size + 1 for batch in lists)
        assert all(len(batch) == size for batch in lists[:-1])
        assert all(key[0] == epoch for batch in lists for key in batch)
        seen += [index for batch in lists for _, index in batch]
    assert sorted(seen) == list(range(length))
    assert len(counts) == 1


@given(lengths, sizes, ranks, seeds, st.integers(0, 30))
def test_resuming_gives_the_rest_of_the_epoch(length: int, size: int, world_size: int, seed: int, batch: int) -> None:
    assume(length >= world_size)
    whole, resumed = (EpochBatches(length, size, seed, world_size - 1, world_size) for _ in range(2))
    whole.start_at(3)
    assume(batch <= len(whole))
    list(resumed)  # what was drawn before does not matter
    resumed.start_at(3, [0, *whole.ends()][batch])
    assert list(resumed) == list(whole)[batch:]


@given(lengths, sizes, ranks, ranks, seeds, st.integers(0, 30))
def test_another_number_of_processes_sees_the_rest_of_the_epoch(
    length: int, size: int, before: int, after: int, seed: int, batch: int
) -> None:
    assume(length >= max(before, after))
    behind = [0, *EpochBatches(length, size, seed, 0, before).ends()]
    assume(batch < len(behind))
    seen = []
    for rank in range(after):
        batches = EpochBatches(length, size, seed, rank, after)
        batches.start_at(2, behind[batch])
        seen += [index for part in batches for _, index in part]
    left = EpochBatches(length, size, seed).order(2)[behind[batch] :].tolist()
    assert sorted(seen) == (sorted(left) if len(left) >= after else [])


@given(lengths, sizes, ranks, seeds)
def test_drop_last_gives_whole_batches_only(length: int, size: int, world_size: int, seed: int) -> None:
    assume(length >= size * world_size)
    batches = EpochBatches(length, size, seed, 0, world_size, drop_last=True)
    assert [len(batch) for batch in batches] == [size] * (length // (size * world_size))


@given(lengths, sizes, seeds)
def test_two_processes_make_the_steps_of_one_with_twice_the_batch(length: int, size: int, seed: int) -> None:
    assume(length >= 2 * size)
    one = EpochBatches(length, 2 * size, seed, drop_last=True)
    first, second = (EpochBatches(length, size, seed, rank, 2, drop_last=True) for rank in range(2))
    assert list(one) == [left + right for left, right in zip(first, second, strict=True)]


def test_the_last_batch_of_seven_samples_by_hand() -> None:
    def lists(size: int, rank: int, world_size: int) -> list[list[tuple[int, int]]]:
        return list(EpochBatches(7, size, 0, rank, world_size, shuffle=False))

    assert lists(3, 0, 1) == [[(0, 0), (0, 1), (0, 2)], [(0, 3), (0, 4), (0, 5)], [(0, 6)]]
    # Global batches of 4: three are over, which two processes share.
    assert lists(2, 0, 2) == [[(0, 0), (0, 1)], [(0, 4), (0, 5)]]
    assert lists(2, 1, 2) == [[(0, 2), (0, 3)], [(0, 6)]]
    # Global batches of 6: one is over, too few for two processes, so it joins the batch before.
    assert lists(3, 0, 2) == [[(0, 0), (0, 1), (0, 2), (0, 3)]]
    assert lists(3, 1, 2) == [[(0, 4), (0, 5), (0, 6)]]


def test_epochs_and_seeds_have_orders_of_their_own_that_stay() -> None:
    batches = EpochBatches(10, 3, seed=1)
    orders = []
    for epoch in (0, 1):
        batches.start_at(epoch)
        orders.append(indices(batches))
    # Written down once, so that another platform or NumPy that shuffles differently is noticed.
    assert orders == [[4, 1, 6, 7, 0, 5, 9, 2, 3, 8], [5, 0, 9, 3, 2, 4, 6, 1, 8, 7]]
    assert indices(EpochBatches(10, 3, seed=2)) not in orders


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(UserError, match="2 samples are fewer than the 3 needed"):
        EpochBatches(2, 1, 0, world_size=3)
    with pytest.raises(UserError, match="3 samples are fewer than the 4 needed"):
        EpochBatches(3, 4, 0, drop_last=True)
