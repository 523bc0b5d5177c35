"""ONNX Runtime, on the processor or, with onnxruntime-gpu, on a CUDA GPU."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segnet.datasets.image_files import Pixels
from segnet.errors import UserError, is_out_of_memory
from segnet.inference.backends.graph_backend import GraphBackend, graph_precision, size_error
from segnet.inference.graph import IMAGE, onnx_graph, with_logits
from segnet.inference.model import ExportedModel, Model
from segnet.optional import require


class OnnxRuntimeBackend(GraphBackend):
    """An exported file, or a network exported in memory.

    Args:
        model: what to run.
        precision: ``fp32`` or ``auto``; a file has its own.
        device: ``cpu``, ``cuda`` or ``auto``, which is the processor.

    Raises:
        UserError: a precision or a device that it does not have, or it is not installed.
    """

    def __init__(self, model: Model, precision: str, device: str) -> None:
        self.model = model
        runtime = require("onnxruntime")
        chosen = graph_precision(model, precision, "onnxruntime", "onnx", ["fp32"])
        graph = with_logits(model.graph) if isinstance(model, ExportedModel) else onnx_graph(model)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        provider = "CUDAExecutionProvider" if device.startswith("cuda") else "CPUExecutionProvider"
        if provider not in runtime.get_available_providers() or device.partition(":")[0] not in ("auto", "cpu", "cuda"):
            raise UserError(
                f"device {device!r}: this onnxruntime has cpu; for cuda install onnxruntime-gpu in its place"
            )
        self.session = runtime.InferenceSession(graph.SerializeToString(), options, providers=[provider])
        precision = "fp32" if chosen == "auto" else chosen
        self.description = f"onnxruntime {precision} on {'cuda' if device.startswith('cuda') else 'cpu'}"
        self.splits_cores = False

    def run(self, output: str, pixels: Pixels) -> NDArray[Any]:
        try:
            return np.asarray(self.session.run([output], {IMAGE: pixels})[0])
        except Exception as error:  # onnxruntime's errors have no base class of their own
            if is_out_of_memory(error):
                raise MemoryError(str(error)) from None
            raise size_error("onnxruntime", pixels.shape) from None
