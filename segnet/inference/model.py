"""Open a model for a command: a folder with a network's weights, or an exported file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError, first_line
from segnet.inference.metadata import KEY, Metadata, parse
from segnet.inference.openvino_core import openvino_core
from segnet.nn.saved import ModelInfo, SavedModel, load_model
from segnet.optional import require

BACKEND_OF = {".onnx": "onnxruntime", ".xml": "openvino"}


@dataclass(frozen=True)
class ExportedModel:
    """An exported file, used instead of a :class:`SavedModel`.

    Attributes:
        path: the file.
        info: its metadata.
        graph: its ``onnx.ModelProto`` or ``openvino.Model``.
    """

    path: Path
    info: Metadata
    graph: Any

    @property
    def backend(self) -> str:
        """The runtime that runs it."""
        return BACKEND_OF[self.path.suffix]


Model = SavedModel | ExportedModel


def model_classes(info: ModelInfo) -> ClassSet:
    return ClassSet(info.class_names, info.class_colors, info.ignore_index)


def open_model(model: str | Path) -> Model:
    """Open a run folder, a model folder, a packaged model by name, or an exported .onnx or .xml file.

    Raises:
        UserError: there is no such model, it is damaged, or its runtime is not installed.
    """
    path = Path(model)
    if path.is_file() and path.suffix == ".onnx":
        return open_onnx(path)
    if path.is_file() and path.suffix == ".xml":
        return open_openvino(path)
    if path.is_file() and path.suffix == ".pt2":
        raise UserError(
            f"{path}: reading a .pt2 file could run code, so it is not read; give the run folder it came from"
        )
    return load_model(model)


def open_onnx(path: Path) -> ExportedModel:
    onnx = require("onnx")
    try:
        graph = onnx.load(path)
    except Exception as error:  # protobuf's own error, which has no other base class
        raise UserError(f"{path}: cannot be read as ONNX ({first_line(error)}); export the run again") from None
    text = next((entry.value for entry in graph.metadata_props if entry.key == KEY), None)
    return ExportedModel(path, parse(text, path), graph)


def open_openvino(path: Path) -> ExportedModel:
    core = openvino_core()
    if not path.with_suffix(".bin").is_file():
        raise UserError(f"{path}: {path.with_suffix('.bin').name}, which holds its weights, must lie beside it")
    try:
        graph = core.read_model(path)
    except RuntimeError as error:
        last = [line for line in str(error).splitlines() if line.strip()][-1]
        raise UserError(f"{path}: cannot be read by OpenVINO ({last.strip()}); export the run again") from None
    text = graph.get_rt_info([KEY]).astype(str) if graph.has_rt_info([KEY]) else None
    return ExportedModel(path, parse(text, path), graph)
