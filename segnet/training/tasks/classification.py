"""Greedy layer-wise pretraining and fine-tuning in one run: the epoch decides what is trained."""

from typing import Any

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.config import Config
from segnet.datasets.small_images.corruptions import CorruptedImages
from segnet.errors import UserError
from segnet.nn.autoencoders.stacked import LayerOutput, StackedAutoencoder
from segnet.training.tasks.image_task import ImageTask
from segnet.training.tasks.task import Batch


class ClassificationTask(ImageTask):
    """Trains each layer in turn as an autoencoder of all images, then the whole on the labelled images.

    Layer n is trained from epoch ``n * layer_epochs`` on. The remaining epochs fine-tune the whole with cross entropy.
    As only the epoch decides, a run can resume in any phase.
    """

    monitor = "val_accuracy"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        assert isinstance(self.network, StackedAutoencoder)
        self.stack = self.network
        layers, epochs = len(self.stack.encoders), config.training.epochs
        self.pretraining_epochs = layers * config.classification.layer_epochs
        if self.pretraining_epochs >= epochs:
            raise UserError(
                f"training.epochs={epochs}, but pretraining {layers} layers takes {self.pretraining_epochs}; "
                "raise training.epochs or lower classification.layer_epochs"
            )
        assert self.train_images.labels is not None
        labelled = choose_labelled(self.train_images.labels, config.classification.labels, config.seed)
        self.train_data = LabelledLater(self.corrupted(self.train_images), self.pretraining_epochs, labelled)

    def network_arguments(self) -> dict[str, Any]:
        if self.config.model.name != "stacked_autoencoder":
            raise UserError(f"model.name={self.config.model.name}: the classification task takes stacked_autoencoder")
        if self.train_images.labels is None:
            raise UserError(f"data.name={self.config.data.name} has no labels; choose digits, mnist or fashion_mnist")
        return {**self.config.model.arguments, "num_classes": len(self.train_images.class_names)}

    def inputs(self, batch: Batch) -> Tensor:
        epoch = int(batch["epoch"][0])
        pretraining = epoch < self.pretraining_epochs
        self.stack.layer = epoch // self.config.classification.layer_epochs if pretraining else None
        return super().inputs(batch)

    def loss(self, output: Tensor | LayerOutput, batch: Batch) -> Tensor:
        if isinstance(output, LayerOutput):
            return F.mse_loss(output.restored, output.given)
        return F.cross_entropy(output, batch["label"])

    def validate(self, network: nn.Module, fabric: Fabric) -> dict[str, float]:
        assert isinstance(network, StackedAutoencoder)
        network.layer = None

        def sums_of(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
            loss = F.cross_entropy(logits.float(), batch["label"], reduction="sum")
            return loss, (logits.argmax(1) == batch["label"]).sum()

        loss, right, count = self.val_totals(network, fabric, sums_of)
        return {"val_loss": loss / count, "val_accuracy": right / count}


class LabelledLater:
    """All images while the layers are pretrained, then only the labelled ones, repeated within an epoch."""

    def __init__(self, data: CorruptedImages, pretraining_epochs: int, labelled: NDArray[np.int64]) -> None:
        self.data, self.pretraining_epochs, self.labelled = data, pretraining_epochs, labelled

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        epoch, index = key
        if epoch >= self.pretraining_epochs:
            index = int(self.labelled[index % len(self.labelled)])
        return self.data[epoch, index]


def choose_labelled(labels: NDArray[np.int64], count: int | None, seed: int) -> NDArray[np.int64]:
    """Indices of ``count`` images, with the classes in shares as equal as possible; None: all images.

    Raises:
        UserError: there are fewer images.
    """
    if count is None:
        return np.arange(len(labels))
    if count > len(labels):
        raise UserError(f"classification.labels={count}, but there are {len(labels)} training images")
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(labels))
    # The rank of each image within its class, so that all first images come first, then all second ones, and so on.
    place = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = order[labels[order] == label]
        place[own] = np.arange(len(own))
    return order[np.argsort(place[order], kind="stable")][:count]
