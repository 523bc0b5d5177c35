"""ONNX Runtime, on the processor or, with onnxruntime-gpu, on a CUDA GPU."""

import torch
from torch import Tensor

from segnet.errors import UserError
from segnet.inference.backends.pixels import as_pixels, file_precision, size_error
from segnet.inference.deploy.graph import CLASSES, IMAGE, LOGITS, onnx_graph, with_logits
from segnet.inference.deploy.model import DeployedModel, Model
from segnet.inference.deploy.runtimes import require


class OnnxRuntimeBackend:
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
        if isinstance(model, DeployedModel):
            precision = file_precision(model, precision)
            graph = with_logits(model.graph)
        else:
            check_precision(precision)
            precision, graph = "fp32", onnx_graph(model)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        provider = "CUDAExecutionProvider" if device.startswith("cuda") else "CPUExecutionProvider"
        if provider not in runtime.get_available_providers() or device.partition(":")[0] not in ("auto", "cpu", "cuda"):
            raise UserError(
                f"device {device!r}: this onnxruntime has cpu; for cuda install onnxruntime-gpu in its place"
            )
        self.session = runtime.InferenceSession(graph.SerializeToString(), options, providers=[provider])
        self.description = f"onnxruntime {precision} on {'cuda' if device.startswith('cuda') else 'cpu'}"

    def logits(self, images: Tensor, dropout: bool = False) -> Tensor:
        return self.run(LOGITS, images)

    def classes(self, images: Tensor) -> Tensor:
        return self.run(CLASSES, images)

    def run(self, output: str, images: Tensor) -> Tensor:
        pixels = as_pixels(images, self.model)
        try:
            (result,) = self.session.run([output], {IMAGE: pixels})
        except Exception:  # onnxruntime's errors have no base of their own
            raise size_error("onnxruntime", pixels.shape) from None
        return torch.from_numpy(result)


def check_precision(precision: str) -> None:
    if precision == "int8":
        raise UserError(
            "precision int8 needs pictures to calibrate with: segnet export MODEL --format onnx --precision int8 "
            "--out FILE, then give FILE as the model"
        )
    if precision not in ("auto", "fp32"):
        raise UserError(f"precision {precision!r}: onnxruntime has fp32 and auto on a processor, int8 from a file")
