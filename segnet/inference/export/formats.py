"""The file formats. Each writer makes a complete file with its metadata at a given path."""

import logging
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.graph import CLASSES, IMAGE, ExportGraph, onnx_graph, without_logits
from segnet.inference.metadata import KEY, Precision
from segnet.inference.openvino_core import openvino_core
from segnet.nn.saved import SavedModel
from segnet.optional import require
from segnet.terminal import say

Images = Sequence[NDArray[np.uint8]]

POOLING = ["MaxPool", "Equal", "Multiply", "Mul"]
"""Operators of pooling and unpooling, as OpenVINO and ONNX name them."""

SLOWER_IN_INT8 = ["Add", "Interpolate", "GroupConvolution"]
"""Operators that are not worth int8. OpenVINO runs depthwise convolutions in bf16 anyway, and rounding sums and repeats
costs more than it saves. Without them SegNet-Lite is 1.12 times as fast, SegNet as fast, and a U-Net on ResNet-34 3 %
slower."""


def write_onnx(
    path: Path, model: SavedModel, precision: Precision, size: tuple[int, int] | None, images: Images, metadata: str
) -> None:
    """ONNX, operator set 18; int8 as pairs of QuantizeLinear and DequantizeLinear."""
    graph = onnx_graph(model, size)
    if precision == "int8":
        # The logits are still an output here, because NNCF's clean-up could remove a tensor's name.
        graph = quantize(graph, images, IMAGE, POOLING)
    graph = without_logits(graph)
    entry = graph.metadata_props.add()
    entry.key, entry.value = KEY, metadata
    require("onnx").save(graph, path)


def write_openvino(
    path: Path, model: SavedModel, precision: Precision, size: tuple[int, int] | None, images: Images, metadata: str
) -> None:
    """OpenVINO's pair of files: ``path``, and the weights in ``.bin`` beside it. In bf16 they are stored in 16 bits."""
    from segnet.inference.backends.openvino_backend import only_output

    openvino = require("openvino")
    graph = openvino_core().read_model(BytesIO(onnx_graph(model, size).SerializeToString()))
    if precision == "int8":
        graph = quantize(graph, images, 0, [*POOLING, *SLOWER_IN_INT8])
    graph = only_output(graph, CLASSES)
    graph.set_rt_info(metadata, [KEY])
    try:
        openvino.save_model(graph, path, compress_to_fp16=precision == "bf16")
    except RuntimeError as error:
        if "iostream" not in str(error):
            raise
        # C++'s streams do not say why.
        raise UserError(
            f"{path.name}: cannot be written, most often because the disk is full; "
            "make room there and give the command again"
        ) from None


class ClassesAlone(ExportGraph):
    """The graph without its logits."""

    def __init__(self, model: SavedModel, precision: Precision = "fp32") -> None:
        super().__init__(model)
        self.precision = precision

    def forward(self, image: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        with torch.autocast("cpu", torch.bfloat16) if self.precision == "bf16" else nullcontext():
            return super().forward(image)[0]


def write_torch(
    path: Path,
    model: SavedModel,
    precision: Precision,
    size: tuple[int, int] | None,
    images: Images,
    metadata: str,
) -> None:
    """A ``torch.export`` program for one image of one size, which ``torch.export.load(path).module()`` runs."""
    pixels = torch.zeros(1, *(size or model.info.size), 3, dtype=torch.uint8)
    with torch.no_grad():
        program = torch.export.export(ClassesAlone(model, precision), (pixels,))
    # By way of memory: where the disk is full, PyTorch's own writer ends the whole process.
    content = BytesIO()
    torch.export.save(program, content, extra_files={KEY: metadata})
    path.write_bytes(content.getbuffer())


def write_litert(
    path: Path, model: SavedModel, precision: Precision, size: tuple[int, int] | None, images: Images, metadata: str
) -> None:
    """A TensorFlow Lite file for LiteRT on phones: one image of one size. The metadata lie beside it."""
    litert = require("litert_torch", "phone")
    pixels = torch.zeros(1, *(size or model.info.size), 3, dtype=torch.uint8)
    with torch.no_grad():
        litert.convert(ClassesAlone(model), (pixels,)).export(str(path))
    path.with_suffix(".json").write_text(metadata + "\n", encoding="utf-8")


def write_executorch(
    path: Path, model: SavedModel, precision: Precision, size: tuple[int, int] | None, images: Images, metadata: str
) -> None:
    """An ExecuTorch program on XNNPACK for phones: one image of one size. The metadata lie beside it."""
    exir = require("executorch.exir", "phone")
    partitioner = require("executorch.backends.xnnpack.partition.xnnpack_partitioner", "phone").XnnpackPartitioner
    pixels = torch.zeros(1, *(size or model.info.size), 3, dtype=torch.uint8)
    with torch.no_grad():
        program = torch.export.export(ClassesAlone(model), (pixels,))
        edge = exir.to_edge_transform_and_lower(program, partitioner=[partitioner()])
        path.write_bytes(edge.to_executorch().buffer)
    path.with_suffix(".json").write_text(metadata + "\n", encoding="utf-8")


def quantize(graph: Any, images: Images, key: str | int, left: Sequence[str]) -> Any:
    """Quantise the graph to int8 with NNCF: ranges from ``images``, symmetric weights, asymmetric activations.

    Operators of the types ``left`` stay as they are. Pooling and unpooling must be among them. They compare the places
    of a window with its maximum, and rounding each to its own scale would make equal values unequal (measured on
    SegNet-Lite: 0.09 of mean IoU).
    """
    nncf = require("nncf")
    nncf.set_log_level(logging.ERROR)
    data = nncf.Dataset(list(images), lambda image: {key: image[None]})
    scope = nncf.IgnoredScope(types=list(left), validate=False)
    preset = nncf.QuantizationPreset.MIXED
    say(f"calibrating int8 on {len(images)} images")
    # NNCF draws bars of its own on standard output, without an option that turns them off.
    with redirect_stdout(StringIO()):
        return nncf.quantize(graph, data, preset=preset, subset_size=len(images), ignored_scope=scope)


WRITERS = {
    "onnx": write_onnx,
    "openvino": write_openvino,
    "torch": write_torch,
    "litert": write_litert,
    "executorch": write_executorch,
}
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "torch": ".pt2", "litert": ".tflite", "executorch": ".pte"}
