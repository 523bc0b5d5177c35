"""The reconstruction task: the output is the image, the input the whole image or a damaged one."""

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.metrics.image_quality import psnr
from segnet.training.tasks.image_task import ImageTask, as_float
from segnet.training.tasks.task import Batch


class ReconstructionTask(ImageTask):
    """Mean squared error or cross entropy against the clean image; PSNR on the val split."""

    monitor = "val_psnr"

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        image = as_float(batch["image"])
        if self.config.reconstruction.loss == "mse":
            return F.mse_loss(output, image)
        # Autocast refuses logarithms of probabilities in half precision, since they are too coarse.
        with torch.autocast(image.device.type, enabled=False):
            return F.binary_cross_entropy(output.float(), image)

    def validate(self, network: nn.Module, fabric: Fabric) -> dict[str, float]:
        def sums_of(output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
            quality = psnr(output.float().clamp(0, 1), as_float(batch["image"]))
            return self.loss(output, batch) * len(batch["index"]), quality.sum()

        loss, quality, count = self.val_totals(network, fabric, sums_of)
        return {"val_loss": loss / count, "val_psnr": quality / count}
