"""The segmentation task: images and index masks in, a class for each pixel out."""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from segnet.config import ClassWeighted, Config
from segnet.datasets.load import load_split, load_train_split
from segnet.datasets.paste import augmented_samples
from segnet.datasets.samples import Sample
from segnet.datasets.splits import spread
from segnet.datasets.statistics import class_weights
from segnet.datasets.statistics_cache import cached_counts
from segnet.errors import UserError
from segnet.losses import build_loss
from segnet.metrics import ConfusionMatrix, SegmentationScores
from segnet.nn.catalogue import build_network
from segnet.nn.narrowing import narrow, wider_model
from segnet.nn.preprocess import Preprocess
from segnet.nn.saved import ModelInfo, SavedModel, load_model, save_model
from segnet.nn.transfer import start_from
from segnet.training.tasks.task import Batch, Keyed
from segnet.training.teacher import Teacher, logits_of

SIZED = 15
"""The size of the training images is taken from so many of them."""
JUDGING = 120
"""The channels of a network that is to be cut are judged by so many images."""


class SegmentationTask:
    """Trains on augmented images, and measures mean IoU on the val split at the labels' resolution.

    Args:
        config: settings of the run; ``data``, ``augmentation``, ``paste``, ``model``, ``loss``, ``distill`` and
            ``seed`` are used here.

    Raises:
        UserError: the data are missing or wrong, or a setting does not fit them.
    """

    monitor = "val_mean_iou"

    def __init__(self, config: Config) -> None:
        self.config = config
        self.train_split = load_train_split(config.data)
        self.val_split = load_split(config.data, config.data.val)
        self.classes = self.train_split.classes
        # It is built before the network, so that a mistake in the augmentation is found before anything takes time.
        self.train_data: Keyed = augmented_samples(config, self.train_split)
        torch.manual_seed(config.seed)
        self.network = build_network(config.model.name, len(self.classes), **config.model.arguments)
        self.preprocess = Preprocess(config.model.input.channels, config.model.input.mean, config.model.input.std)
        self.loss_function = build_loss(config.loss, self.classes.ignore_index, self.class_weights)
        if config.model.start_from:
            self.start_from(config.model.start_from)
        self.teacher = Teacher(config.distill, self.classes) if config.distill else None

    def start_from(self, model: str) -> None:
        """Begin with the weights of ``model``, as they are or cut to the channels that matter most to the loss."""
        wide = wider_model(model, self.network)
        if wide is None:
            start_from(self.network, model)
        else:
            narrow(self.network, wide.network, self.losses_of(wide))

    def losses_of(self, model: SavedModel) -> Iterator[Tensor]:
        """The loss of a trained ``model`` on a few batches of the first epoch."""
        model.network.to(memory_format=torch.channels_last)
        indices, size = spread(JUDGING, len(self.train_split)), self.config.training.batch_size
        for start in range(0, len(indices), size):
            batch = self.collate([self.train_data[0, index] for index in indices[start : start + size]])
            yield self.loss_of_masks(logits_of(model.network, model.preprocess, batch["image"]), batch)

    def class_weights(self, term: ClassWeighted) -> Tensor | None:
        weights = class_weights(term.class_weights, self.train_split, term.enet_c, cached_counts)
        return None if weights is None else torch.from_numpy(weights)

    @cached_property
    def data_fingerprint(self) -> str:
        return "-".join(split.fingerprint() for split in (self.train_split, self.val_split))

    @cached_property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the train images. If sizes differ, it is the median by pixels of some images across the split."""
        places = spread(SIZED, len(self.train_split))
        shapes = sorted((self.train_split.mask(index).shape for index in places), key=math.prod)
        height, width = shapes[len(shapes) // 2]
        return height, width

    def sample_name(self, index: int) -> str:
        return str(self.train_split.pairs[index].image)

    @staticmethod
    def collate(samples: list[dict[str, Any]]) -> Batch:
        sizes = {tuple(sample["mask"].shape) for sample in samples}
        if len(sizes) > 1:
            raise UserError(
                f"images of {len(sizes)} sizes in one batch, such as {sorted(sizes)[:2]}: "
                "add a crop or a resize to the config's augmentation, or set training.batch_size=1"
            )
        return {
            "image": torch.stack([sample["image"] for sample in samples]),
            "mask": torch.stack([sample["mask"] for sample in samples]),
            "index": torch.tensor([sample["index"] for sample in samples]),
        }

    def inputs(self, batch: Batch) -> Tensor:
        x: Tensor = self.preprocess.to(batch["image"].device)(batch["image"])
        return x

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        loss = self.loss_of_masks(output, batch)
        return loss + self.teacher.loss(output, batch) if self.teacher else loss

    def loss_of_masks(self, output: Tensor, batch: Batch) -> Tensor:
        loss: Tensor = self.loss_function.to(output.device)(output, batch["mask"])
        return loss

    @torch.no_grad()
    def validate(self, network: nn.Module, fabric: Fabric) -> dict[str, float]:
        network.eval()
        confusion = ConfusionMatrix(len(self.classes), self.classes.ignore_index)
        total_loss = torch.zeros(2, dtype=torch.float64, device=fabric.device)
        for samples in self.val_batches(fabric.global_rank, fabric.world_size):
            batch = fabric.to_device(as_batch(samples))
            logits = network(self.inputs(batch).contiguous(memory_format=torch.channels_last))
            total_loss[0] += self.loss_of_masks(logits, batch).double() * len(samples)
            total_loss[1] += len(samples)
            confusion.update(logits.argmax(1), batch["mask"])
        matrix = torch.as_tensor(confusion.matrix, device=fabric.device)
        matrix = fabric.all_reduce(matrix, reduce_op="sum")
        total_loss = fabric.all_reduce(total_loss, reduce_op="sum")
        scores = SegmentationScores(matrix.cpu().numpy())
        return {
            "val_loss": float(total_loss[0] / total_loss[1]),
            "val_mean_iou": scores.mean_iou,
            "val_global_accuracy": scores.global_accuracy,
            "val_class_accuracy": scores.class_accuracy,
        }

    def val_batches(self, rank: int, world_size: int) -> Iterator[list[Sample]]:
        """Samples of one size, at most ``val_batch_size`` together. Process ``rank`` takes every ``world_size``-th."""
        indices = range(rank, len(self.val_split), world_size)
        return batches_of_one_size((self.val_split[i] for i in indices), self.config.training.val_batch_size)

    def statistics_inputs(self, device: torch.device) -> Iterable[Tensor]:
        samples = (self.train_split[i] for i in range(len(self.train_split)))
        for batch in batches_of_one_size(samples, self.config.training.val_batch_size):
            yield self.preprocess.to(device)(as_batch(batch)["image"].to(device))

    def load(self, folder: Path) -> nn.Module:
        return load_model(folder).network

    def save(self, folder: Path, network: nn.Module) -> None:
        save_model(
            folder,
            SavedModel(
                network,
                ModelInfo(
                    name=self.config.model.name,
                    arguments=self.config.model.arguments,
                    input=self.config.model.input,
                    class_names=self.classes.names,
                    class_colors=self.classes.colors,
                    ignore_index=self.classes.ignore_index,
                    size=self.image_size,
                ),
            ),
        )


def batches_of_one_size(samples: Iterable[Sample], size: int) -> Iterator[list[Sample]]:
    """Runs of at most ``size`` samples whose images have the same height and width, in order."""
    batch: list[Sample] = []
    for sample in samples:
        if batch and (len(batch) == size or sample.image.shape != batch[0].image.shape):
            yield batch
            batch = []
        batch.append(sample)
    if batch:
        yield batch


def as_batch(samples: list[Sample]) -> Batch:
    """``image`` uint8 (N, 3, H, W) and ``mask`` uint8 (N, H, W) of samples of one size."""
    images = torch.stack([torch.from_numpy(sample.image) for sample in samples])
    return {
        "image": images.permute(0, 3, 1, 2),
        "mask": torch.stack([torch.from_numpy(sample.mask) for sample in samples]),
    }
