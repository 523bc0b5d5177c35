"""The ONNX graph that a browser runs: a canvas's pixels in; classes, confidence or the stages out."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segnet.inference.graph import onnx_model
from segnet.inference.stage_maps import StageMaps, stage_maps
from segnet.inference.stages import Stages, see_stages
from segnet.nn.saved import SavedModel

PIXELS, SIZE, CLASSES, CONFIDENCE = "pixels", "size", "classes", "confidence"
"""Names of the graph's inputs and outputs."""


class BrowserGraph(nn.Module):
    """A network from the pixels of a canvas to the maps of the page.

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
    """The values of each stage, with and without the pooling indices, as levels that the page colours.

    Shape:
        input uint8 RGBA ``(1, H, W, 4)``; outputs the classes with and without indices, uint8 ``(H, W)``, then
        :class:`StageMaps` of each stage.
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
        for pair in zip(seen.stages, without.stages, strict=True):
            out += stage_maps(*pair)
        return tuple(out)


def browser_graph(model: SavedModel) -> Any:
    """:class:`BrowserGraph` as an ``onnx.ModelProto`` for images of any size."""
    pixels, size = torch.zeros(1, 67, 85, 4, dtype=torch.uint8), torch.tensor([70, 91])
    axes = {PIXELS: {1: "height", 2: "width"}, CLASSES: {0: "out_height", 1: "out_width"}}
    axes[CONFIDENCE] = axes[CLASSES]
    return onnx_model(BrowserGraph(model), (pixels, size), [PIXELS, SIZE], [CLASSES, CONFIDENCE], axes)


def stages_graph(model: SavedModel, stages: int) -> Any:
    """:class:`StagesGraph` as an ``onnx.ModelProto`` for images of any size."""
    pixels = torch.zeros(1, 67, 85, 4, dtype=torch.uint8)
    names = [f"{kind}{level}" for level in range(stages) for kind in StageMaps._fields]
    axes = {PIXELS: {1: "height", 2: "width"}}
    return onnx_model(StagesGraph(model), (pixels,), [PIXELS], [CLASSES, "classes_without", *names], axes)
