"""SegNet-Basic: the paper's small SegNet for comparing decoders (arXiv 1511.00561, section 3.1)."""

from torch import Tensor, nn

from segnet.nn.layers import he_initialise
from segnet.nn.pooling import max_pool_with_codes, max_unpool_with_codes


class SegNetBasic(nn.Module):
    """Local response normalisation, four encoder stages, four decoder stages without ReLU, a 1×1 head.

    With ``dropout`` it is Bayesian SegNet-Basic (arXiv 1511.02680, section 4): dropouts after poolings 3 and 4, and
    after decoder stages 4 and 3.

    Args:
        num_classes: channels of the logits.
        dropout: probability that an element is dropped; 0.5 in Bayesian SegNet-Basic.

    Shape:
        input ``(N, 3, H, W)`` float, output logits ``(N, num_classes, H, W)``; H and W at least 1.
    """

    add_encoder = False

    def __init__(self, num_classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.is_bayesian = dropout > 0
        self.normalise = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)
        self.encoder = nn.ModuleList(
            nn.Sequential(*convolution(channels), nn.ReLU(inplace=True)) for channels in (3, 64, 64, 64)
        )
        self.decoder = nn.ModuleList(convolution(64) for _ in range(4))
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Conv2d(64, num_classes, 1)
        self.apply(he_initialise)

    def forward(self, x: Tensor) -> Tensor:
        x = self.normalise(x)
        pooled = []
        for level, stage in enumerate(self.encoder, 1):
            x = stage(x)
            size = x.shape[-2:]
            x, codes = max_pool_with_codes(x)
            pooled.append((codes, size))
            if level >= 3:
                x = self.dropout(x)
        for level, stage in zip((4, 3, 2, 1), self.decoder, strict=True):
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


def convolution(in_channels: int) -> nn.Sequential:
    """7×7 convolution to 64 channels and batch norm. With the large kernel, a pixel sees a good part of the street."""
    return nn.Sequential(nn.Conv2d(in_channels, 64, 7, padding=3), nn.BatchNorm2d(64))
