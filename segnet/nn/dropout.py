"""Dropout during inference: Monte Carlo samples of a Bayesian SegNet (arXiv 1511.02680)."""

from torch import nn

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def has_dropout(module: nn.Module) -> bool:
    """Whether ``module`` has a dropout with a probability above 0."""
    return any(isinstance(part, DROPOUTS) and part.p > 0 for part in module.modules())


def enable_dropout(module: nn.Module) -> None:
    """Put the dropouts of ``module`` into training mode. Everything else, above all batch norm, keeps its mode."""
    for part in module.modules():
        if isinstance(part, DROPOUTS):
            part.train()
