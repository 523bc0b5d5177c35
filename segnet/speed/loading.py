"""Reading and augmentation without a network: the highest rate at which training can get images."""

import time
from typing import Any

from torch.utils.data import DataLoader

from segnet.config import Config
from segnet.datasets.load import load_train_split
from segnet.datasets.parallel import children_without_ctrl_c
from segnet.datasets.paste import augmented_samples
from segnet.datasets.sampling import EpochBatches
from segnet.training.stopping import leave_signals_to_parent


def loading_rates(config: Config, batches: int) -> dict[str, float]:
    """Augmented images a second of a config's train split: from the files, and from memory once they are decoded.

    Args:
        config: settings of a segmentation run; its workers, batch size, cache and augmentation are used.
        batches: number of batches in each measurement.

    Raises:
        UserError: the data are missing or wrong.
    """
    data = augmented_samples(config, load_train_split(config.data))
    rates = {}
    for name in ("files", "memory"):
        sampler = EpochBatches(len(data), config.training.batch_size, config.seed, 0, 1)
        sampler.start_at(0, 0)
        loader: DataLoader[Any] = DataLoader(
            data,
            batch_sampler=sampler,
            num_workers=config.data.workers,
            collate_fn=len,
            worker_init_fn=leave_signals_to_parent,
        )
        with children_without_ctrl_c():
            batches_read = iter(loader)
        begin, count = 0.0, 0
        for index, images in enumerate(batches_read):
            # The time of the first batch includes the start of the processes, so it does not count.
            begin, count = (time.perf_counter(), 0) if index == 0 else (begin, count + images)
            if index == batches:
                break
        rates[name] = count / (time.perf_counter() - begin)
    return rates
