"""What the tasks on small images in memory share: data, input, the model's folder."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from segnet.config import Config
from segnet.datasets.small_images.corruptions import CorruptedImages, collate
from segnet.datasets.small_images.images import Images
from segnet.datasets.small_images.load import load_images
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import load_autoencoder, save_autoencoder
from segnet.training.tasks.task import Batch, Keyed


class ImageTask:
    """Images in 0–1, whole or damaged, for a network of the autoencoder family.

    Args:
        config: settings of the run; ``data``, ``model``, ``reconstruction`` and ``seed`` are used here.

    Raises:
        UserError: the data are missing or wrong, or a setting does not fit them.
    """

    train_data: Keyed
    monitor: str

    def __init__(self, config: Config) -> None:
        self.config = config
        self.train_images = load_images(config.data, config.data.train)
        self.val_images = load_images(config.data, config.data.val)
        self.train_data = self.corrupted(self.train_images)
        self.arguments = self.network_arguments()
        torch.manual_seed(config.seed)
        self.network = build_autoencoder(config.model.name, self.train_images.shape, **self.arguments)

    def network_arguments(self) -> dict[str, Any]:
        return self.config.model.arguments

    def corrupted(self, images: Images) -> CorruptedImages:
        return CorruptedImages(images, self.config.reconstruction.corruptions, self.config.seed)

    @cached_property
    def data_fingerprint(self) -> str:
        digest = hashlib.sha256()
        for images in (self.train_images, self.val_images):
            digest.update(images.pixels.tobytes())
            if images.labels is not None:
                digest.update(images.labels.tobytes())
        return digest.hexdigest()[:16]

    def sample_name(self, index: int) -> str:
        return f"image {index}"

    @staticmethod
    def collate(samples: list[Any]) -> Batch:
        return collate(samples)

    def inputs(self, batch: Batch) -> Tensor:
        return as_float(batch["input"])

    @torch.no_grad()
    def val_totals(
        self, network: nn.Module, fabric: Fabric, sums_of: Callable[[Any, Batch], Sequence[Tensor]]
    ) -> list[float]:
        """Sums over the val split and all processes; the last is the number of images.

        Args:
            network: it is put into evaluation mode.
            fabric: of this process.
            sums_of: gives scalars from the network's output and the batch.
        """
        network.eval()
        totals = torch.zeros(0)
        data = self.corrupted(self.val_images)
        for cpu_batch in batches(data, self.config.training.val_batch_size, fabric.global_rank, fabric.world_size):
            batch = fabric.to_device(cpu_batch)
            output = network(as_float(batch["input"]))
            count = torch.tensor(len(batch["index"]), device=fabric.device)
            sums = torch.stack([value.double() for value in (*sums_of(output, batch), count)])
            totals = totals + sums if len(totals) else sums
        return list(fabric.all_reduce(totals, reduce_op="sum").tolist())

    def statistics_inputs(self, device: torch.device) -> Iterable[Tensor]:
        for batch in batches(self.corrupted(self.train_images), self.config.training.val_batch_size):
            yield self.inputs(batch).to(device)

    def load(self, folder: Path) -> nn.Module:
        return load_autoencoder(folder)

    def save(self, folder: Path, network: nn.Module) -> None:
        save_autoencoder(folder, network, self.config.model.name, self.train_images.shape, self.arguments)


def batches(data: CorruptedImages, size: int, rank: int = 0, world_size: int = 1) -> Iterator[Batch]:
    """A data set in order, as in epoch 0. Process ``rank`` takes every ``world_size``-th image."""
    indices = range(rank, len(data), world_size)
    for start in range(0, len(indices), size):
        yield collate([data[0, index] for index in indices[start : start + size]])


def as_float(pixels: Tensor) -> Tensor:
    """uint8 to float in 0–1."""
    return pixels.float() / 255
