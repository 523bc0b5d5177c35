"""The interface between a task and the training loop."""

from collections.abc import Iterable, Sized
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

Batch = dict[str, Any]
"""Tensors whose first axis is the batch, from the task's data set and ``collate``."""


class Keyed(Sized, Protocol):
    """A data set whose samples are addressed by (epoch, index), so that randomness needs no state."""

    def __getitem__(self, key: tuple[int, int], /) -> Any: ...


class Task(Protocol):
    """A network, its data and its aim.

    Attributes:
        network: the network that is trained.
        train_data: the samples of an epoch.
        monitor: the measure of ``validate`` that chooses the best weights; higher is better.
        data_fingerprint: short text that changes with the content of the train and val splits.
    """

    network: nn.Module
    train_data: Keyed
    monitor: str

    @property
    def data_fingerprint(self) -> str: ...

    def sample_name(self, index: int) -> str:
        """The file of sample ``index`` of the train split, or its index, for messages."""
        ...

    def collate(self, samples: list[Any]) -> Batch:
        """Make a batch of samples of ``train_data``."""
        ...

    def inputs(self, batch: Batch) -> Tensor:
        """The network's float input from a batch on the network's device."""
        ...

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Scalar loss of the network's output."""
        ...

    def validate(self, network: nn.Module, fabric: Fabric) -> dict[str, float]:
        """Measures of ``network`` on the val split, over all processes, including ``val_loss`` and ``monitor``.

        They are in float32, like those of the report, so that the same weights have the same figures everywhere.
        """
        ...

    def statistics_inputs(self, device: torch.device) -> Iterable[Tensor]:
        """Inputs of the whole training set, not augmented, to recompute batch-norm statistics."""
        ...

    def load(self, folder: Path) -> nn.Module:
        """Load the network that ``save`` wrote, in evaluation mode, on the CPU."""
        ...

    def save(self, folder: Path, network: nn.Module) -> None:
        """Write ``network`` to ``folder`` as a model that :mod:`segnet.inference` can load."""
        ...
