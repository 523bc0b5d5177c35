"""The task of the variational autoencoder: the evidence lower bound, with both terms in the log."""

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from segnet.nn.autoencoders.variational import Variational, negative_elbo_terms
from segnet.training.tasks.image_task import ImageTask, as_float
from segnet.training.tasks.task import Batch


class VariationalTask(ImageTask):
    """Negative evidence lower bound with the divergence weighted by beta (arXiv 1312.6114; beta-VAE, ICLR 2017).

    ``val_elbo`` is the bound itself, without beta, in nats for each image. Its terms are ``val_reconstruction`` and
    ``val_divergence``. ``val_loss`` is minimised.
    """

    monitor = "val_objective"

    def loss(self, output: Variational, batch: Batch) -> Tensor:
        reconstruction, divergence = negative_elbo_terms(output, as_float(batch["image"]))
        return reconstruction + self.config.variational.beta * divergence

    def validate(self, network: nn.Module, fabric: Fabric) -> dict[str, float]:
        def sums_of(output: Variational, batch: Batch) -> list[Tensor]:
            terms = negative_elbo_terms(output, as_float(batch["image"]))
            return [term.double() * len(batch["index"]) for term in terms]

        # The draws are the same each time, so that two measurements differ only by the network.
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)
            reconstruction, divergence, count = self.val_totals(network, fabric, sums_of)
        loss = (reconstruction + self.config.variational.beta * divergence) / count
        return {
            "val_loss": loss,
            "val_objective": -loss,
            "val_elbo": -(reconstruction + divergence) / count,
            "val_reconstruction": reconstruction / count,
            "val_divergence": divergence / count,
        }
