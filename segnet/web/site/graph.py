"""The ONNX graph that a browser runs: a canvas's pixels in; classes, confidence or the stages out."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.inference.graph import onnx_model
from segnet.inference.stages import Stages, see_stages
from segnet.nn.saved import SavedModel

PIXELS, SIZE, CLASSES, CONFIDENCE = "pixels", "size", "classes", "confidence"
"""Names of the graph's inputs and outputs."""
CHANNELS = 6
"""Feature maps of a stage that are shown: the most varied ones."""
KINDS = ("activation", "codes", "unpooled", "decoded", "unpooled_without", "decoded_without")


class BrowserGraph(nn.Module):
    """A network from the pixels of a canvas to what the page shows.

    Args:
        model: its network is used as it is.

    Shape:
        input uint8 RGBA ``(1, H, W, 4)``, as a canvas gives it (alpha is left out), and the size ``(2,)`` int64 of the
        answer, ``(h, w)``; outputs uint8 ``(h, w)``: the classes, and the probability of each, 0 to 255 for 0 to 1.
    """

    def __init__(self, model: SavedModel) -> None:
        super().__init__()
        self.preprocess, self.network = model.preprocess, model.network
        self.eval()

    def forward(self, pixels: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(self.preprocess(pixels[..., :3].permute(0, 3, 1, 2)))
        logits = F.interpolate(logits, (size[0], size[1]), mode="bilinear", align_corners=False)  # type: ignore[arg-type]
        confidence = (logits.softmax(1).amax(1) * 255).round()
        return logits.argmax(1)[0].to(torch.uint8), confidence[0].to(torch.uint8)


class StagesGraph(nn.Module):
    """What each stage sees, with and without the pooling indices, as the levels that the page colours.

    Shape:
        input uint8 RGBA ``(1, H, W, 4)``; outputs the classes with and without indices, uint8 ``(H, W)``, then for
        each stage the indices of the channels that are shown, int64 ``(K,)``, and its six kinds of maps,
        uint8 ``(K, h, w)``.
    """

    def __init__(self, model: SavedModel) -> None:
        super().__init__()
        self.model, self.network = model, model.network
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        image = pixels[0, ..., :3].permute(2, 0, 1)
        seen: Stages = see_stages(self.model, image)
        without: Stages = see_stages(self.model, image, with_indices=False)
        out = [seen.mask.to(torch.uint8), without.mask.to(torch.uint8)]
        for stage, changed in zip(seen.stages, without.stages, strict=True):
            shown, decoded = most_varied(stage.activation), most_varied(stage.decoded)
            out += [
                shown,
                levels(stage.activation[shown]),
                stage.codes[shown],
                levels(stage.unpooled[shown]),
                levels(stage.decoded[decoded]),
                levels(changed.unpooled[shown], like=stage.unpooled[shown]),
                levels(changed.decoded[decoded], like=stage.decoded[decoded]),
                stage.change(changed),
            ]
        return tuple(out)


def most_varied(maps: Tensor) -> Tensor:
    """Indices of the ``CHANNELS`` maps ``(C, H, W)`` whose values vary most, ``(K,)``."""
    return maps.flatten(1).var(1).topk(min(CHANNELS, len(maps))).indices


def levels(maps: Tensor, like: Tensor | None = None) -> Tensor:
    """Magnitudes of the maps ``(K, H, W)`` as uint8: 255 is the largest one of each map, or of each map of ``like``."""
    top = (maps if like is None else like).abs().flatten(1).amax(1).clamp(min=1e-12)
    return (maps.abs() / top[:, None, None] * 255).clamp(0, 255).to(torch.uint8)


def browser_graph(model: SavedModel) -> Any:
    """:class:`BrowserGraph` as an ``onnx.ModelProto`` for images of any size."""
    pixels, size = torch.zeros(1, 67, 85, 4, dtype=torch.uint8), torch.tensor([70, 91])
    axes = {PIXELS: {1: "height", 2: "width"}, CLASSES: {0: "out_height", 1: "out_width"}}
    axes[CONFIDENCE] = axes[CLASSES]
    return onnx_model(BrowserGraph(model), (pixels, size), [PIXELS, SIZE], [CLASSES, CONFIDENCE], axes)


def stages_graph(model: SavedModel, stages: int) -> Any:
    """:class:`StagesGraph` as an ``onnx.ModelProto`` for images of any size."""
    pixels = torch.zeros(1, 67, 85, 4, dtype=torch.uint8)
    names = [f"{kind}{level}" for level in range(stages) for kind in ("channels", *KINDS, "change")]
    axes = {PIXELS: {1: "height", 2: "width"}}
    return onnx_model(StagesGraph(model), (pixels,), [PIXELS], [CLASSES, "classes_without", *names], axes)
