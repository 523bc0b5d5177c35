"""Dropout during inference: Monte Carlo samples of a Bayesian SegNet (arXiv 1511.02680)."""

from torch import nn

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def has_dropout(module: nn.Module) -> bool:
    """Whether a part of ``module`` drops anything: a dropout of probability 0 does not."""
    return any(isinstance(part, DROPOUTS) and part.p > 0 for part in module.modules())


def enable_dropout(module: nn.Module) -> None:
    """Put the dropouts of ``module`` into training mode and leave all else, batch norm above all, as it is."""
    for part in module.modules():
        if isinstance(part, DROPOUTS):
            part.train()
