"""SegNet-Lite: a light SegNet for real time on a laptop's processor.

It keeps SegNet's decoder (arXiv 1511.00561, section 3): each decoder stage is unpooled with the codes of the encoder
stage of the same size. Its block comes from later work: an inverted residual with a depthwise convolution (MobileNetV2,
arXiv 1801.04381). The blocks of the deepest stage are dilated, so each class is decided with the whole street in view.
The stem has stride 2. With ``add_encoder``, the encoder's features are added to the unpooled values, which helps with
things thinner than a pixel of 1/16. The paper's SegNet-Basic-EncoderAddition (section 3.1) adds them after the
decoder's convolution. Here they are added before it, so this convolution sees both. docs/segnet_lite.md has the
measured effect of each part: dilation and addition help the most.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.nn.layers import conv_bn
from segnet.nn.pooling import max_pool_with_codes, max_unpool_with_codes


class DepthwiseConv(nn.Conv2d):
    """A 3×3 convolution of each channel by itself, at any dilation, ``(N, C, H, W)`` to the same shape.

    oneDNN has no fast gradient of a dilated convolution: on a CPU it takes 7 to 15 times as long as that of a plain
    one. A dilated convolution never mixes pixels whose remainders by the dilation differ. In training, each remainder
    therefore becomes an image, and a plain convolution gives the same result.
    """

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__(channels, channels, 3, padding=dilation, dilation=dilation, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        (step, _) = self.dilation
        if step == 1 or not self.training or x.device.type != "cpu" or torch.compiler.is_compiling():
            return super().forward(x)
        parts = split_by_remainder(x, step)
        return join_remainders(F.conv2d(parts, self.weight, padding=1, groups=self.groups), step, x.shape)


def split_by_remainder(x: Tensor, step: int) -> Tensor:
    """``(N, C, H, W)`` to ``(N * step², C, ceil(H / step), ceil(W / step))``, zeros at the lower and right edge."""
    n, c, height, width = x.shape
    x = F.pad(x, (0, -width % step, 0, -height % step)).permute(0, 2, 3, 1)
    h, w = x.shape[1] // step, x.shape[2] // step
    x = x.reshape(n, h, step, w, step, c).permute(0, 2, 4, 1, 3, 5)
    return x.reshape(n * step * step, h, w, c).permute(0, 3, 1, 2)


def join_remainders(parts: Tensor, step: int, shape: Sequence[int]) -> Tensor:
    """The inverse of :func:`split_by_remainder`, to ``shape``, channels last."""
    n, c, height, width = shape
    h, w = parts.shape[-2:]
    x = parts.permute(0, 2, 3, 1).reshape(n, step, step, h, w, c).permute(0, 3, 1, 4, 2, 5)
    return x.reshape(n, h * step, w * step, c).permute(0, 3, 1, 2)[..., :height, :width]


class InvertedResidual(nn.Module):
    """1×1 to ``expansion`` times the width, depthwise 3×3, 1×1 back, added to the input.

    ``(N, C, H, W)`` float to the same shape. The last convolution is linear, so that the sum loses nothing.
    """

    def __init__(self, channels: int, expansion: int, dilation: int = 1) -> None:
        super().__init__()
        hidden = channels * expansion
        self.body = nn.Sequential(
            *conv_bn(channels, hidden, 1),
            nn.ReLU(inplace=True),
            DepthwiseConv(hidden, dilation),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            *conv_bn(hidden, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.body(x)
        return y


class ResidualConv(nn.Module):
    """A 3×3 convolution added to its input, ``(N, C, H, W)`` to the same shape.

    At half size there are few channels. There it is faster than an inverted residual and sees as far.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), *conv_bn(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.body(x)
        return y


def stage(in_channels: int, out_channels: int, dilations: Sequence[int], expansion: int) -> nn.Sequential:
    """A change of width, then an inverted residual for each dilation."""
    blocks = [InvertedResidual(out_channels, expansion, dilation) for dilation in dilations]
    if in_channels == out_channels:
        return nn.Sequential(*blocks)
    return nn.Sequential(*conv_bn(in_channels, out_channels, 1), nn.ReLU(inplace=True), *blocks)


class SegNetLite(nn.Module):
    """Stem, three pooled stages, a dilated middle, three unpooled stages, a head at half size.

    Args:
        num_classes: channels of the logits.
        widths: channels at 1/2, 1/4, 1/8 and 1/16 of the input's size.
        depths: blocks at 1/4 and 1/8. The stage at 1/2 has none, because a block there costs most and sees least.
        dilations: dilation of each block in the middle, at 1/16.
        expansion: inner width of a block, as a multiple of its outer width.
        dropout: probability that a channel is dropped before the head in training.
        add_encoder: add each encoder stage's features to the unpooled values. False: only the codes pass, as in SegNet.
        decoder_depths: blocks of the decoder at 1/4 and 1/8.
        refinements: residual 3×3 convolutions at half size, before the head.

    Shape:
        input ``(N, 3, H, W)`` float, output logits ``(N, num_classes, H, W)``.
    """

    is_bayesian = False

    def __init__(
        self,
        num_classes: int,
        widths: Sequence[int] = (32, 64, 96, 128),
        depths: Sequence[int] = (1, 2),
        dilations: Sequence[int] = (1, 2, 4, 8, 2, 4),
        expansion: int = 3,
        dropout: float = 0.0,
        add_encoder: bool = False,
        decoder_depths: Sequence[int] = (1, 1),
        refinements: int = 0,
    ) -> None:
        super().__init__()
        self.add_encoder = add_encoder
        half, quarter, eighth, sixteenth = widths
        self.stem = nn.Sequential(*conv_bn(3, half, 3, stride=2), nn.ReLU(inplace=True))
        self.encoder1 = nn.Sequential(*conv_bn(half, half, 3), nn.ReLU(inplace=True))
        self.encoder2 = stage(half, quarter, [1] * depths[0], expansion)
        self.encoder3 = stage(quarter, eighth, [1] * depths[1], expansion)
        self.middle = stage(eighth, sixteenth, dilations, expansion)
        self.project3 = conv_bn(sixteenth, eighth, 1)
        self.decoder3 = stage(eighth, eighth, [1] * decoder_depths[1], expansion)
        self.project2 = conv_bn(eighth, quarter, 1)
        self.decoder2 = stage(quarter, quarter, [1] * decoder_depths[0], expansion)
        self.project1 = conv_bn(quarter, half, 1)
        self.decoder1 = nn.Sequential(*conv_bn(half, half, 3), nn.ReLU(inplace=True))
        self.refine = nn.Sequential(*(ResidualConv(half) for _ in range(refinements)))
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(half, num_classes, 1)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        at_half = self.encoder1(self.stem(x))
        pooled, codes1 = max_pool_with_codes(at_half)
        at_quarter = self.encoder2(pooled)
        pooled, codes2 = max_pool_with_codes(at_quarter)
        at_eighth = self.encoder3(pooled)
        pooled, codes3 = max_pool_with_codes(at_eighth)
        y = self.middle(pooled)
        y = self.decoder3(self.unpool(self.project3(y), codes3, at_eighth))
        y = self.decoder2(self.unpool(self.project2(y), codes2, at_quarter))
        y = self.refine(self.decoder1(self.unpool(self.project1(y), codes1, at_half)))
        logits = self.head(self.dropout(y))
        return enlarge(logits, x.shape[-2:])

    @property
    def stages(self) -> list[tuple[nn.Module, nn.Module]]:
        """Encoder and decoder stage of each level, from the largest to the deepest."""
        return [
            (self.encoder1, self.decoder1),
            (self.encoder2, self.decoder2),
            (self.encoder3, self.decoder3),
        ]

    def unpool(self, x: Tensor, codes: Tensor, encoded: Tensor) -> Tensor:
        """Unpool ``(N, C, h, w)`` to the size of ``encoded``, ``(N, C, H, W)``, whose pooling gave the codes."""
        unpooled = max_unpool_with_codes(x, codes, encoded.shape[-2:])
        return unpooled + encoded if self.add_encoder else unpooled


def enlarge(logits: Tensor, size: Sequence[int]) -> Tensor:
    """``(N, C, h, w)`` to ``(N, C, H, W)`` float32, bilinear. On a CPU, bf16 would be slower."""
    return F.interpolate(logits.float(), size=tuple(size), mode="bilinear", align_corners=False)


@torch.no_grad()
def initialise(module: nn.Module) -> None:
    """He's initialisation, and the last batch norm of every residual starts at zero (arXiv 1706.02677, 5.1)."""
    if isinstance(module, nn.Conv2d) and not module.weight.is_meta:  # to fill those, PyTorch loads its compiler for 2 s
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, InvertedResidual | ResidualConv):
        last = module.body[-1]
        assert isinstance(last, nn.BatchNorm2d)
        nn.init.zeros_(last.weight)
