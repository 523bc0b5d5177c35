"""The declarations of a network of SegNet's family, for code that looks inside it or samples it."""

from typing import Protocol, runtime_checkable

from torch import nn


@runtime_checkable
class Staged(Protocol):
    """A network whose encoder pools with codes and whose decoder unpools with them.

    Attributes:
        stages: encoder and decoder stage of each level, from the largest to the deepest. The encoder stage gives what
            is pooled, the decoder stage is given what is unpooled.
        add_encoder: the encoder stage's features are added to what is unpooled.
        is_bayesian: made to be sampled with dropout on; other networks hold dropout for training alone.
    """

    add_encoder: bool
    is_bayesian: bool

    @property
    def stages(self) -> list[tuple[nn.Module, nn.Module]]: ...


def is_bayesian(network: nn.Module) -> bool:
    """Whether the network is made to be sampled with dropout on."""
    return isinstance(network, Staged) and network.is_bayesian
