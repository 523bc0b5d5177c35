"""OpenVINO on the processor: compiled for each image size, in bfloat16 if the processor supports it."""

import io
import sys
import threading
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segnet.datasets.image_files import Pixels
from segnet.errors import UserError, is_out_of_memory
from segnet.inference.backends.graph_backend import GraphBackend, as_pixels, graph_precision, size_error
from segnet.inference.backends.openvino_cache import graph_cache
from segnet.inference.enlarge import classes_at
from segnet.inference.finite import check_finite
from segnet.inference.graph import LOGITS, onnx_graph
from segnet.inference.model import ExportedModel, Model
from segnet.inference.openvino_core import openvino_core
from segnet.optional import require

SIZES_KEPT = 4
"""The number of compiled networks that are kept, the last used ones. Compiling for another size takes seconds."""

Key = tuple[str, tuple[int, ...], int]
"""Output, shape of the images, and the number of streams that share the cores."""


class OpenVinoBackend(GraphBackend):
    """An exported file, or a network exported in memory.

    Args:
        model: what to run.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 where the processor computes in it; a file has its own.
        device: ``cpu`` or ``auto``.

    Raises:
        UserError: a precision or a device that it does not have, or it is not installed.
    """

    def __init__(self, model: Model, precision: str, device: str) -> None:
        if device not in ("auto", "cpu"):
            raise UserError(f"device {device!r}: the openvino backend runs on cpu")
        self.model = model
        self.core, self.tensor = openvino_core(), require("openvino").Tensor
        self.cache = graph_cache()
        self.precision = self.choose(graph_precision(model, precision, "openvino", "openvino", ["fp32", "bf16"]))
        if isinstance(model, ExportedModel):
            self.graph = model.graph
        else:
            self.graph = self.core.read_model(io.BytesIO(onnx_graph(model).SerializeToString()))
        self.small_logits = small_logits(self.graph)
        self.cores = torch.get_num_threads()
        self.compiled: dict[Key, Any] = {}
        self.lock = threading.Lock()
        self.own = threading.local()
        self.description = f"openvino {self.precision} on cpu"
        self.splits_cores = True

    def choose(self, precision: str) -> str:
        has_bf16 = "BF16" in self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and not has_bf16:
            print("this processor does not compute in bf16: going on in fp32", file=sys.stderr)
        if precision in ("auto", "bf16"):
            return "bf16" if has_bf16 else "fp32"
        return precision

    def classes(self, images: Tensor) -> Tensor:
        if self.small_logits is None:
            return super().classes(images)
        small = check_finite(torch.from_numpy(self.run(self.small_logits, as_pixels(images))), "exported graph")
        return classes_at(small, images.shape[-2:])

    def run(self, output: str, pixels: Pixels) -> NDArray[Any]:
        # A thread with a part of the cores computes in a stream of its own, on that part.
        key = output, pixels.shape, max(1, self.cores // torch.get_num_threads())
        with self.lock:
            network = self.compiled.pop(key, None) or self.compile(*key)
            self.compiled[key] = network
            if len(self.compiled) > SIZES_KEPT:
                del self.compiled[next(iter(self.compiled))]
        if getattr(self.own, "network", None) is not network:
            self.own.network, self.own.request = network, network.create_infer_request()
        # The network writes into a new array. By default its result would be copied, since the next one replaces it.
        port = network.output(0)
        found: NDArray[Any] = np.empty(port.shape, port.element_type.to_dtype())
        self.own.request.set_output_tensor(self.tensor(found, shared_memory=True))
        self.own.request.infer(pixels, share_inputs=True, share_outputs=True)
        return found

    def compile(self, output: str, shape: tuple[int, ...], streams: int) -> Any:
        """Compile for a fixed shape.

        This takes time but gives the fastest network, without crops and pads at even sizes.
        """
        graph = only_output(self.graph, output)
        try:
            graph.reshape(list(shape))
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise size_error("openvino", shape) from None
        settings: dict[str, Any] = {"INFERENCE_NUM_THREADS": self.cores, "NUM_STREAMS": streams}
        if self.cache:
            settings["CACHE_DIR"] = str(self.cache)
        if self.precision != "int8":
            settings["INFERENCE_PRECISION_HINT"] = {"fp32": "f32", "bf16": "bf16"}[self.precision]
        return self.core.compile_model(graph, "CPU", settings)


def small_logits(graph: Any) -> str | None:
    """The name of the logits before the graph enlarges them as :func:`classes_at` does; None if it does not.

    In the graph, enlarging them and finding the largest takes three times as long.
    """
    for node in graph.get_ops():
        if node.get_type_name() == "Interpolate" and LOGITS in node.output(0).get_names():
            settings = node.get_attributes()
            small = node.input_value(0)
            alike = settings["mode"] == "linear_onnx" and settings["coordinate_transformation_mode"] == "half_pixel"
            return next(iter(small.get_names()), None) if alike else None
    return None


def only_output(graph: Any, name: str) -> Any:
    """A copy of an ``openvino.Model`` with the tensor ``name`` as its only output."""
    graph = graph.clone()
    if not any(name in output.get_names() for output in graph.outputs):
        graph.add_outputs(name)
    for output in graph.outputs:
        if name not in output.get_names():
            graph.remove_result(output.node)
    return graph
