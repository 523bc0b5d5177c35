"""Batch norm folded into the convolutions before it."""

import itertools

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """Put each batch norm's scale and shift into the convolution before it, in place; the outputs stay the same.

    Folded are the pairs that stand next to each other in an ``nn.Sequential``, where one follows the other for
    certain.

    Args:
        network: in evaluation mode.
    """
    for part in network.modules():
        if not isinstance(part, nn.Sequential):
            continue
        for before, after in itertools.pairwise(list(part._modules)):
            convolution, norm = part._modules[before], part._modules[after]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                part._modules[before] = fuse_conv_bn_eval(convolution, norm)
                part._modules[after] = nn.Identity()
    return network
