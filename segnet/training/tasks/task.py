"""The interface of a task for the training loop."""

from collections.abc import Iterable, Sized
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

Batch = dict[str, Any]
"""Tensors with the batch as their first axis, as the task's data set and collation give them."""


class Keyed(Sized, Protocol):
    """A data set whose samples are named by (epoch, index), so that randomness needs no state."""

    def __getitem__(self, key: tuple[int, int], /) -> Any: ...


class Task(Protocol):
    """A network, its data and its aim.

    Attributes:
        network: what is trained.
        train_data: the samples of an epoch.
        monitor: the measure of ``validate`` by which the best weights are chosen; higher is better.
        data_fingerprint: short text that changes with the content of the train and val splits.
    """

    network: nn.Module
    train_data: Keyed
    monitor: str

    @property
    def data_fingerprint(self) -> str: ...

    def sample_name(self, index: int) -> str:
        """How a person finds sample ``index`` of the train split: its file, or its number."""
        ...

    def collate(self, samples: list[Any]) -> Batch:
        """Samples of ``train_data`` to a batch."""
        ...

    def inputs(self, batch: Batch) -> Tensor:
        """The network's float input of a batch that is on the network's device."""
        ...

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Scalar loss of the network's output."""
        ...

    def validate(self, network: nn.Module, fabric: Fabric) -> dict[str, float]:
        """Measures of ``network`` on the val split, over all processes; ``val_loss`` and ``monitor`` among them.

        They are taken in float32, as those of the report, so that the same weights have the same figures everywhere.
        """
        ...

    def statistics_inputs(self, device: torch.device) -> Iterable[Tensor]:
        """Inputs of the whole training set, not augmented, from which batch-norm statistics are recomputed."""
        ...

    def load(self, folder: Path) -> nn.Module:
        """The network that ``save`` wrote, in evaluation mode, on the CPU."""
        ...

    def save(self, folder: Path, network: nn.Module) -> None:
        """Write ``network`` to ``folder`` as a model that the inference room can load."""
        ...
