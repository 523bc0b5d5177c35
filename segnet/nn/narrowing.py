"""Cut a trained SegNet-Lite to fewer channels, so that a faster network need not begin from random weights.

The channels that go are those whose removal changes the loss least, to first order: the squared product of batch
norm's scale and shift with their gradients (Molchanov et al. 2019, arXiv 1906.10771, section 3.2).
"""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from segnet.json_file import read_json
from segnet.model_files import CONFIG
from segnet.nn.model_folder import find_model
from segnet.nn.saved import SavedModel, load_model
from segnet.nn.segnet_lite import InvertedResidual, ResidualConv, SegNetLite


class Tied(NamedTuple):
    """Channels that only go together, because their values are added or the same convolution reads them.

    Attributes:
        writers: each convolution that makes these channels, with the batch norm after it.
        readers: the convolutions that read them.
    """

    writers: list[tuple[nn.Conv2d, nn.BatchNorm2d]]
    readers: list[nn.Conv2d]

    @property
    def channels(self) -> int:
        return self.writers[0][0].out_channels


def wider_model(model: str | Path, network: nn.Module) -> SavedModel | None:
    """The saved ``model`` if it is a SegNet-Lite that can be cut to ``network``.

    Raises:
        UserError: there is no such model, or a file of it is broken.
    """
    settings = read_json(find_model(model) / CONFIG, "save the model again")
    if not isinstance(network, SegNetLite) or not isinstance(settings, dict) or settings.get("name") != "segnet_lite":
        return None
    saved = load_model(model)
    return saved if is_wider(saved.network, network) else None


def is_wider(wide: nn.Module, narrow: nn.Module) -> bool:
    """Whether both are SegNet-Lites of the same blocks and classes, and ``wide`` has more channels, nowhere fewer."""
    if not isinstance(wide, SegNetLite) or not isinstance(narrow, SegNetLite):
        return False
    if wide.head.out_channels != narrow.head.out_channels:
        return False
    before, after = wide.state_dict(), narrow.state_dict()
    if before.keys() != after.keys():
        return False
    shapes = [(before[name].shape, after[name].shape) for name in after]
    return any(old != new for old, new in shapes) and all(
        old[2:] == new[2:] and all(a >= b for a, b in zip(old[:2], new[:2], strict=True)) for old, new in shapes
    )


@torch.no_grad()
def narrow(network: nn.Module, wide: nn.Module, losses: Iterable[Tensor]) -> None:
    """Fill ``network`` with the channels of ``wide`` that matter most.

    Args:
        network: changed in place. ``is_wider(wide, network)`` must hold.
        wide: a trained network in evaluation mode.
        losses: scalars that ``wide`` takes part in, each computed when it is asked for.
    """
    assert isinstance(network, SegNetLite)
    assert isinstance(wide, SegNetLite)
    with torch.enable_grad():
        importance = channel_importance(wide, losses)
    kept: dict[tuple[nn.Module, int], Tensor] = {}
    for tied, wanted in zip(tied_channels(wide), tied_channels(network), strict=True):
        scores = torch.stack([importance[norm] for _, norm in tied.writers]).sum(0)
        strongest = scores.topk(wanted.channels).indices.sort().values
        kept |= {(module, 0): strongest for module in chain.from_iterable(tied.writers)}
        kept |= {(reader, 1): strongest for reader in tied.readers}
    modules, weights = dict(wide.named_modules()), wide.state_dict()
    for name, weight in network.state_dict().items():
        value = weights[name]
        for dim in range(min(value.ndim, 2)):
            indices = kept.get((modules[name.rpartition(".")[0]], dim))
            value = value if indices is None else value.index_select(dim, indices)
        weight.copy_(value)


def channel_importance(network: nn.Module, losses: Iterable[Tensor]) -> dict[nn.BatchNorm2d, Tensor]:
    """``(C,)`` for each batch norm of ``network``: how much the losses would change without each of its channels."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    importance = {norm: torch.zeros_like(norm.weight, requires_grad=False) for norm in norms}
    parameters = [parameter for norm in norms for parameter in (norm.weight, norm.bias)]
    for loss in losses:
        gradients = iter(torch.autograd.grad(loss, parameters))
        for norm, scale, shift in zip(norms, gradients, gradients, strict=True):
            importance[norm] += (norm.weight * scale + norm.bias * shift).detach().square()
    return importance


def tied_channels(network: SegNetLite) -> list[Tied]:
    """All channels of ``network`` but the image's and the classes', from the first layer to the deepest.

    A decoder's channels are those of the encoder at the same size, since it unpools with that encoder's codes.
    """
    refinements = [pair(block.body[1:]) for block in network.refine if isinstance(block, ResidualConv)]
    encoder1, decoder1 = pair(network.encoder1), pair(network.decoder1)
    last = Tied([decoder1, *refinements], [network.head, *(convolution for convolution, _ in refinements)])
    stream = Tied([encoder1, pair(network.project1)], [decoder1[0]])
    groups = [Tied([pair(network.stem)], [encoder1[0]]), stream, last]
    for encoder, decoder, project, above in (
        (network.encoder2, network.decoder2, network.project2, network.project1),
        (network.encoder3, network.decoder3, network.project3, network.project2),
        (network.middle, (), None, network.project3),
    ):
        if isinstance(encoder[0], nn.Conv2d):  # without it, the width is that of the stage before
            stream.readers.append(pair(encoder)[0])
            stream = Tied([pair(encoder)], [])
            groups.append(stream)
        if project is not None:
            stream.writers.append(pair(project))
        stream.readers.append(pair(above)[0])
        for block in (*encoder, *decoder):
            if isinstance(block, InvertedResidual):
                expand, depthwise, reduce = pair(block.body), pair(block.body[3:]), pair(block.body[6:])
                stream.readers.append(expand[0])
                stream.writers.append(reduce)
                groups.append(Tied([expand, depthwise], [reduce[0]]))
    return groups


def pair(layers: nn.Sequential) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """The convolution and the batch norm that ``layers`` begin with."""
    convolution, norm = layers[0], layers[1]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    return convolution, norm
