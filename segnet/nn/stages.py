"""What a network of SegNet's family declares, for code that looks inside it or samples it."""

from typing import Protocol, runtime_checkable

from torch import nn


@runtime_checkable
class Staged(Protocol):
    """A network whose encoder pools with codes and whose decoder unpools with them.

    Attributes:
        stages: encoder and decoder stage of each level, from the largest to the deepest. The encoder stage's output is
            pooled; the decoder stage's input was unpooled.
        add_encoder: whether the encoder stage's features are added to the unpooled values.
        is_bayesian: whether the network is made to be sampled with dropout on. Other networks use dropout only in
            training.
    """

    add_encoder: bool
    is_bayesian: bool

    @property
    def stages(self) -> list[tuple[nn.Module, nn.Module]]: ...


def is_bayesian(network: nn.Module) -> bool:
    """Whether the network is made to be sampled with dropout on."""
    return isinstance(network, Staged) and network.is_bayesian
