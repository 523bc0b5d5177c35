"""One graph from pixels to classes, with preprocessing, network and argmax, so that a caller has nothing to add."""

import copy
import io
import itertools
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from segnet.nn.saved import SavedModel
from segnet.optional import require

OPSET = 18
IMAGE, CLASSES, LOGITS = "image", "classes", "logits"
"""Names of the graph's input and its outputs."""


class ExportGraph(nn.Module):
    """A network with preprocessing and argmax, and with batch norm folded into its convolutions.

    Args:
        model: it stays as it is; the graph has a copy of its network.

    Shape:
        input uint8 RGB ``(N, H, W, 3)``, as images lie in memory; outputs classes uint8 ``(N, H, W)`` and logits
        float32 ``(N, C, H, W)``.
    """

    def __init__(self, model: SavedModel) -> None:
        super().__init__()
        self.preprocess = model.preprocess
        self.network = fold_batch_norm(copy.deepcopy(model.network).cpu().eval())
        self.eval()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(self.preprocess(image.permute(0, 3, 1, 2).contiguous()))
        return logits.argmax(1).to(torch.uint8), logits


def onnx_graph(model: SavedModel, size: tuple[int, int] | None = None) -> Any:
    """The graph as an ``onnx.ModelProto`` with both outputs; any batch.

    Args:
        model: what to export.
        size: the only (H, W) that the graph takes; None: any.

    Raises:
        UserError: onnx is not installed.
    """
    open_axes = {0: "batch"} if size else {0: "batch", 1: "height", 2: "width"}
    open_channels_first = {0: "batch"} if size else {0: "batch", 2: "height", 3: "width"}
    # The odd size makes sure that padding and cropping are in the graph.
    pixels = torch.zeros(2, *(size or (67, 85)), 3, dtype=torch.uint8)
    axes = {IMAGE: open_axes, CLASSES: open_axes, LOGITS: open_channels_first}
    return onnx_model(ExportGraph(model), (pixels,), [IMAGE], [CLASSES, LOGITS], axes)


def onnx_model(
    graph: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
) -> Any:
    """A module as an ``onnx.ModelProto``.

    PyTorch's tracing exporter keeps sizes open at no cost. The exporter on ``torch.export`` works out a formula for
    each size, which takes minutes with five levels of rounding up.

    Args:
        graph: the module, in evaluation mode.
        example: an example of its inputs.
        inputs: names of the inputs.
        outputs: names of the outputs.
        axes: the axes of open length and their names, by input or output.

    Raises:
        UserError: onnx is not installed.
    """
    onnx = require("onnx")
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            example,
            file,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
        )
    return onnx.load_from_string(file.getvalue())


def without_logits(graph: Any) -> Any:
    """An ONNX graph without the output of logits. They keep their name inside."""
    (logits,) = (output for output in graph.graph.output if output.name == LOGITS)
    graph.graph.output.remove(logits)
    graph.graph.value_info.append(logits)
    return graph


def with_logits(graph: Any) -> Any:
    """An ONNX graph with the output of logits, found by their name inside."""
    if not any(output.name == LOGITS for output in graph.graph.output):
        onnx = require("onnx")
        graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(LOGITS))
    return graph


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """Fold each batch norm's scale and shift into the convolution before it, in place; the outputs stay the same.

    Only pairs that stand next to each other in an ``nn.Sequential`` are folded, where one certainly follows the other.

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
