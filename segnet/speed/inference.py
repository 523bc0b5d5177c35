"""Images to class maps: each back end and precision of this machine, and the plain PyTorch way."""

import copy
import importlib.util
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segnet.config import DataConfig
from segnet.hardware import has_bf16
from segnet.inference.backends import open_backend
from segnet.inference.export.formats import write_openvino
from segnet.inference.graph import CLASSES, IMAGE, onnx_graph
from segnet.inference.metadata import describe
from segnet.inference.model import open_model
from segnet.inference.openvino_core import openvino_core
from segnet.nn.saved import SavedModel
from segnet.speed.plain import Plain, unpool_by_scatter
from segnet.speed.timing import Job

PLAIN = "plain PyTorch"


class Way(NamedTuple):
    """One way to run a network: a name for the table, the precision of its arithmetic, and the job."""

    name: str
    precision: str
    job: Job


def ways(model: SavedModel, size: tuple[int, int], device: torch.device, compiled: bool) -> Iterator[Way]:
    """All ways of this machine, the plain one first. Each turns the same image into classes.

    A message names the runtimes that are not installed.
    """
    images = np.random.default_rng(0).integers(0, 256, (4, *size, 3), np.uint8)
    image = torch.from_numpy(images[:1]).permute(0, 3, 1, 2)
    yield Way(PLAIN, "fp32", plain(model, image.contiguous(), device))
    precisions = ["fp32", *(["bf16"] if has_bf16(device) else [])]
    for backend in ("torch", *(["torch-compiled"] if compiled else [])):
        for precision in precisions:
            opened = open_backend(backend, model, precision, str(device))
            yield Way(backend, precision, lambda opened=opened: opened.classes(image))  # type: ignore[misc]
    if device.type == "cuda":
        return
    if is_installed("onnx", "onnxruntime"):
        opened = open_backend("onnxruntime", model, "fp32", "cpu")
        yield Way("onnxruntime", "fp32", lambda: opened.classes(image))
    if is_installed("onnx", "openvino"):
        yield from openvino_ways(model, image, images)


def plain(model: SavedModel, image: Tensor, device: torch.device) -> Job:
    """fp32, contiguous, int64 indices, separate batch norm: a network as in a textbook."""
    network = Plain(copy.deepcopy(model.network).eval()).to(device)
    preprocess = model.preprocess.to(device)

    @torch.inference_mode()
    def job() -> Tensor:
        classes: Tensor = network(preprocess(image.to(device))).argmax(1).cpu()
        return classes

    return job


def openvino_ways(model: SavedModel, image: Tensor, images: NDArray[np.uint8]) -> Iterator[Way]:
    naive = scattering(model, image)
    if naive:
        yield Way("openvino, indices and scatter", "fp32", naive)
    has_bf16_too = "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    for precision in ("fp32", *(["bf16"] if has_bf16_too else [])):
        opened = open_backend("openvino", model, precision, "cpu")
        yield Way("openvino", precision, lambda opened=opened: opened.classes(image))  # type: ignore[misc]
    if is_installed("nncf"):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "int8.xml"
            # The model is calibrated on noise. It is as fast as any, and good for nothing else.
            write_openvino(path, model, "int8", None, list(images), describe(model, "int8", None, DataConfig()))
            quantised = open_backend("openvino", open_model(path), "int8", "cpu")
            yield Way("openvino", "int8", lambda: quantised.classes(image))


def scattering(model: SavedModel, image: Tensor) -> Job | None:
    """The usual ONNX export with MaxPool's indices and a scatter, in OpenVINO; None for a network without unpooling."""
    copied = copy.copy(model)
    copied.network = Plain(model.network, unpool_by_scatter)
    graph = onnx_graph(copied, tuple(image.shape[-2:]))  # type: ignore[arg-type]
    if not any("Scatter" in node.op_type for node in graph.graph.node):
        return None
    from segnet.inference.backends.openvino_backend import only_output

    core = openvino_core()
    network = only_output(core.read_model(io.BytesIO(graph.SerializeToString())), CLASSES)
    network.reshape([1, *image.shape[-2:], 3])
    settings = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(network, "CPU", settings)
    pixels = np.ascontiguousarray(image.permute(0, 2, 3, 1).numpy())
    return lambda: compiled({IMAGE: pixels})


def is_installed(*packages: str) -> bool:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        print(f"{' and '.join(missing)} not installed, left out: pip install 'segnet[deploy]'", file=sys.stderr)
    return not missing
