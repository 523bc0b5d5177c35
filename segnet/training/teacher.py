"""Distillation: learn from a trained model's soft classes as well as from masks (arXiv 1503.02531)."""

from typing import Any

import torch
from torch import Tensor, nn

from segnet.config import DistillConfig
from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.hardware import has_bf16
from segnet.losses import Distillation
from segnet.nn.preprocess import Preprocess
from segnet.nn.saved import load_model


class Teacher(nn.Module):
    """A trained model of the catalogue that sees the student's augmented images in the same step.

    It runs as in inference: without dropout, with its own input normalisation, in bf16 if the device has it.

    Args:
        config: the model and its weight in the loss.
        classes: classes of the data; the teacher must have the same.

    Raises:
        UserError: there is no such model, or it has other classes.
    """

    def __init__(self, config: DistillConfig, classes: ClassSet) -> None:
        super().__init__()
        model = load_model(config.teacher)
        if model.info.class_names != classes.names:
            raise UserError(
                f"distill.teacher={config.teacher}: its classes are {', '.join(model.info.class_names)}, those of the "
                f"data {', '.join(classes.names)}; give a model that was trained on the same classes"
            )
        self.network = model.network.requires_grad_(False).to(memory_format=torch.channels_last)
        self.preprocess = model.preprocess
        self.distillation = Distillation(classes.ignore_index, config.temperature)
        self.weight = config.weight

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """``(N, 3, H, W)`` uint8 RGB to ``(N, C, H, W)`` float."""
        return logits_of(self.network.eval(), self.preprocess, images)

    def loss(self, output: Tensor, batch: dict[str, Any]) -> Tensor:
        """The weighted divergence of the student's logits ``(N, C, H, W)`` from the teacher's on the same images."""
        self.to(output.device)
        loss: Tensor = self.distillation(output, self.logits(batch["image"]), batch["mask"])
        return self.weight * loss


def logits_of(network: nn.Module, preprocess: Preprocess, images: Tensor) -> Tensor:
    """``(N, 3, H, W)`` uint8 RGB to ``(N, C, H, W)`` float, in bf16 if the device has it."""
    x = preprocess(images).contiguous(memory_format=torch.channels_last)
    with torch.autocast(images.device.type, torch.bfloat16, enabled=has_bf16(images.device)):
        logits: Tensor = network(x)
    return logits
