"""The order of an epoch, as a function of (seed, epoch) alone."""

from collections.abc import Iterator

import numpy as np

from segnet.errors import UserError

Key = tuple[int, int]
"""(epoch, index): all that a sample and its augmentation depend on besides the seed."""


class EpochBatches:
    """A batch sampler whose batches do not depend on earlier draws.

    Each global batch of ``batch_size * world_size`` samples is cut into ``world_size`` consecutive parts, one for each
    process, so a step has the same samples for any number of processes. Every sample comes exactly once in an epoch
    over all processes, and every process has the same number of batches, so none waits for another at the end. The
    samples after the last whole global batch make a shorter one, whose parts differ in length by at most one. If it has
    fewer samples than there are processes, they join the global batch before.

    Args:
        length: samples in the data set.
        batch_size: samples in a batch of one process.
        seed: the run's.
        rank: index of this process.
        world_size: number of processes.
        drop_last: leave out the samples after the last whole global batch.
        shuffle: False: keep the data set's order.

    Raises:
        UserError: there are fewer samples than processes, or than one global batch with ``drop_last``.
    """

    def __init__(
        self,
        length: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        drop_last: bool = False,
        shuffle: bool = True,
    ) -> None:
        self.batch_size = batch_size
        global_batch = batch_size * world_size
        needed = global_batch if drop_last else world_size
        if length < needed:
            raise UserError(
                f"{length} samples are fewer than the {needed} needed for a batch on {world_size} process(es); "
                "lower training.batch_size or training.devices, or give more data"
            )
        self.length, self.seed, self.rank, self.world_size, self.shuffle = length, seed, rank, world_size, shuffle
        self.global_batch, self.drop_last = global_batch, drop_last
        self.start_at(0)

    def __len__(self) -> int:
        """Batches of this process in a whole epoch."""
        return len(self._ends(0))

    def start_at(self, epoch: int, behind: int = 0) -> None:
        """Let the next iteration go over ``epoch``, without the first ``behind`` samples of all processes.

        Another number of processes may have seen those. If fewer samples than processes are left, they are left out.
        """
        self.epoch, self.behind = epoch, behind

    def ends(self) -> list[int]:
        """The number of finished samples of the epoch, over all processes, after each batch of the next iteration."""
        return self._ends(self.behind)

    def _ends(self, behind: int) -> list[int]:
        whole, over = divmod(self.length - behind, self.global_batch)
        batches = whole + (over >= self.world_size and not self.drop_last)
        ends = [behind + self.global_batch * (index + 1) for index in range(batches)]
        if ends and not self.drop_last:
            ends[-1] = self.length
        return ends

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, order, ends = self.epoch, self.order(self.epoch), self.ends()
        for start, end in zip([self.behind, *ends], ends, strict=False):
            part = np.array_split(order[start:end], self.world_size)[self.rank]
            yield [(epoch, int(index)) for index in part]

    def order(self, epoch: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """All indices in the order of ``epoch``, before they are cut into batches."""
        if not self.shuffle:
            return np.arange(self.length, dtype=np.int64)
        # The generator is PCG64 by name, because its stream is the same on every platform, and NumPy may change
        # default_rng.
        seeds = np.random.SeedSequence(self.seed, spawn_key=(epoch,))
        return np.random.Generator(np.random.PCG64(seeds)).permutation(self.length)
