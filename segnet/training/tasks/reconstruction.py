"""Reconstruction as the loop's task: the image itself out, from the whole image or from a damaged one."""

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.metrics.image_quality import psnr
from segnet.training.tasks.image_task import ImageTask, as_float, batches
from segnet.training.tasks.task import Batch


class ReconstructionTask(ImageTask):
    """Mean squared error or cross entropy against the clean image; PSNR on the val split."""

    monitor = "val_psnr"

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        image = as_float(batch["image"])
        if self.config.reconstruction.loss == "mse":
            return F.mse_loss(output, image)
        # Autocast refuses logarithms of probabilities in half precision, and rightly.
        with torch.autocast(image.device.type, enabled=False):
            return F.binary_cross_entropy(output.float(), image)

    @torch.no_grad()
    def validate(self, network: nn.Module, fabric: Fabric) -> dict[str, float]:
        network.eval()
        sums = torch.zeros(3, dtype=torch.float64, device=fabric.device)
        data = self.corrupted(self.val_images)
        for cpu_batch in batches(data, self.config.training.val_batch_size, fabric.global_rank, fabric.world_size):
            batch = fabric.to_device(cpu_batch)
            output = network(self.inputs(batch))
            size = len(batch["index"])
            sums[0] += self.loss(output, batch) * size
            sums[1] += psnr(output.float().clamp(0, 1), as_float(batch["image"])).sum()
            sums[2] += size
        loss, quality, count = fabric.all_reduce(sums, reduce_op="sum").tolist()
        return {"val_loss": loss / count, "val_psnr": quality / count}
