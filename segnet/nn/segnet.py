"""SegNet: VGG16's convolutions as encoder, mirrored as decoder (arXiv 1511.00561, section 3, figure 2)."""

import torch
from torch import Tensor, nn

from segnet.errors import UserError, first_line
from segnet.nn.encoder_file import SUFFIXES, is_weight_file, load_encoder
from segnet.nn.layers import he_initialise
from segnet.nn.pooling import max_pool_with_codes, max_unpool_with_codes


class SegNet(nn.Module):
    """Five encoder stages, each pooled; five decoder stages, each unpooled with its encoder's codes; a head.

    With ``dropout`` it is Bayesian SegNet (arXiv 1511.02680, section 4), with dropouts around the deepest three levels:
    after poolings 3, 4 and 5, and after decoder stages 5, 4 and 3.

    Args:
        num_classes: channels of the logits.
        dropout: probability that an element is dropped; 0.5 in Bayesian SegNet.
        encoder_weights: the encoder's initial weights. ``imagenet``: those of torchvision's VGG16-BN, which was trained
            on RGB with ImageNet's mean and deviation. A file (safetensors or a state dict): those of a VGG16, with or
            without batch norm. None: He's random initialisation.

    Shape:
        input ``(N, 3, H, W)`` float, output logits ``(N, num_classes, H, W)``; H and W at least 1.

    Raises:
        UserError: the ImageNet weights are not in torch's cache and cannot be downloaded, or the file is not of a
            VGG16.
    """

    add_encoder = False

    def __init__(self, num_classes: int, dropout: float = 0.0, encoder_weights: str | None = None) -> None:
        super().__init__()
        self.is_bayesian = dropout > 0
        self.encoder = nn.ModuleList(
            [
                convolutions(3, 64, 64),
                convolutions(64, 128, 128),
                convolutions(128, 256, 256, 256),
                convolutions(256, 512, 512, 512),
                convolutions(512, 512, 512, 512),
            ]
        )
        self.decoder = nn.ModuleList(
            [
                convolutions(512, 512, 512, 512),
                convolutions(512, 512, 512, 256),
                convolutions(256, 256, 256, 128),
                convolutions(128, 128, 64),
                convolutions(64, 64),
            ]
        )
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Conv2d(64, num_classes, 3, padding=1)
        self.apply(he_initialise)
        if encoder_weights == "imagenet":
            load_imagenet_encoder(self.encoder)
        elif encoder_weights is not None:
            if not is_weight_file(encoder_weights):
                raise UserError(
                    f"model.encoder_weights={encoder_weights}: give imagenet, or a file ({', '.join(SUFFIXES)})"
                )
            load_encoder(self.encoder, encoder_weights)

    def forward(self, x: Tensor) -> Tensor:
        pooled = []
        for level, stage in enumerate(self.encoder, 1):
            x = stage(x)
            size = x.shape[-2:]
            x, codes = max_pool_with_codes(x)
            pooled.append((codes, size))
            if level >= 3:
                x = self.dropout(x)
        for level, stage in zip((5, 4, 3, 2, 1), self.decoder, strict=True):
            codes, size = pooled.pop()
            x = stage(max_unpool_with_codes(x, codes, size))
            if level >= 3:
                x = self.dropout(x)
        logits: Tensor = self.head(x)
        return logits

    @property
    def stages(self) -> list[tuple[nn.Module, nn.Module]]:
        """Encoder and decoder stage of each level, from the largest to the deepest."""
        return list(zip(self.encoder, reversed(self.decoder), strict=True))


def convolutions(in_channels: int, *widths: int) -> nn.Sequential:
    """3×3 convolution, batch norm and ReLU, once for each width."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Conv2d(in_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        in_channels = width
    return nn.Sequential(*layers)


def load_imagenet_encoder(encoder: nn.Module) -> None:
    """Copy VGG16-BN's convolutions and batch norms, in order, into ``encoder``."""
    from torchvision.models import VGG16_BN_Weights

    weights = VGG16_BN_Weights.IMAGENET1K_V1
    try:
        state = weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"model.encoder_weights=imagenet: cannot get {weights.url} ({first_line(error)}); put the file into "
            f"{torch.hub.get_dir()}/checkpoints, or set model.encoder_weights=null"
        ) from None
    # Both have the same layers in the same order, and only convolutions and batch norms have weights.
    theirs = [value for key, value in state.items() if key.startswith("features.")]
    ours = [key for key in encoder.state_dict() if not key.endswith("num_batches_tracked")]
    encoder.load_state_dict(dict(zip(ours, theirs, strict=True)), strict=False)
