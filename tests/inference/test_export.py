"""Exported files: checked against their network, complete in themselves, usable as a model."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from segnet.config import DataConfig
from segnet.datasets.camvid.load import load_camvid
from segnet.errors import UserError
from segnet.inference.export.check import Check
from segnet.inference.export.export import Recipe, export
from segnet.inference.export.formats import SUFFIXES
from segnet.inference.metadata import KEY, describe, parse
from segnet.inference.model import ExportedModel, open_model
from segnet.inference.predictor import Predictor
from segnet.nn.saved import ModelInfo, SavedModel, save_model

pytest.importorskip("onnx", reason="needs the extra [deploy]")


def exported(model: SavedModel, recipe: Recipe, root: Path) -> Check:
    train, val = load_camvid(str(root), "train", False), load_camvid(str(root), "val", False)
    return export(model, recipe, train, val, DataConfig(root=str(root)), lambda done, total: None)


@pytest.mark.parametrize(
    ("kind", "runtime", "precision"),
    [
        ("onnx", "onnxruntime", "fp32"),
        ("onnx", "onnxruntime", "int8"),
        ("openvino", "openvino", "fp32"),
        ("openvino", "openvino", "bf16"),
        ("openvino", "openvino", "int8"),
    ],
)
def test_a_file_is_a_model_of_its_own(
    kind: str, runtime: str, precision: str, model: SavedModel, tiny_camvid: Path, tmp_path: Path
) -> None:
    pytest.importorskip(runtime, reason="needs the extra [deploy]")
    if precision == "int8":
        pytest.importorskip("nncf", reason="needs the extra [deploy]")
    out = tmp_path / f"model{'.onnx' if kind == 'onnx' else '.xml'}"
    check = exported(model, Recipe(kind, precision, out, images=2, max_loss=0.99), tiny_camvid)  # type: ignore[arg-type]
    assert check.images == 2
    assert check.difference is not None
    if precision == "fp32":
        assert check.agreement > 0.999
        assert check.file_mean_iou == pytest.approx(check.mean_iou, abs=1e-3)
    assert {path.name for path in tmp_path.iterdir()} == {out.name} | ({"model.bin"} if kind == "openvino" else set())

    file = open_model(out)
    assert isinstance(file, ExportedModel)
    assert ModelInfo.model_validate(file.info.model_dump(include=set(ModelInfo.model_fields))) == model.info
    assert file.info.precision == precision
    assert str(tiny_camvid) not in file.info.model_dump_json()
    predictor = Predictor(file)
    images = np.random.default_rng(1).integers(0, 256, (1, 37, 53, 3), np.uint8)
    classes = predictor.classes_of(images)
    assert classes.dtype == np.uint8
    assert classes.shape == (1, 37, 53)
    assert (classes == predictor.probabilities(images).argmax(1)).mean() > 0.999
    # The narrow network's weights are random: int8 has to say much the same, no more.
    assert (classes == Predictor(model, "torch", "fp32").classes_of(images)).mean() > (
        0.999 if precision == "fp32" else 0.7
    )
    with pytest.raises(UserError, match="was exported in"):
        Predictor(file, precision="bf16" if precision != "bf16" else "fp32")
    with pytest.raises(UserError, match=f"runs in {runtime}, not in torch"):
        Predictor(file, "torch")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("class_colors", [], "11 class_names, but 0 class_colors"),
        ("ignore_index", 10, r"ignore_index 10 is a class \(Bicyclist\)"),
        ("precision", "fp64", "precision: Input should be 'fp32', 'bf16' or 'int8'"),
    ],
)
def test_metadata_that_cannot_be_right_are_named(model: SavedModel, key: str, value: object, message: str) -> None:
    text = json.dumps({**json.loads(describe(model, "fp32", None, DataConfig())), key: value})
    with pytest.raises(UserError, match=f"^model.onnx: metadata: {message}; export the run again$"):
        parse(text, Path("model.onnx"))


def test_onnx_gives_a_class_map_and_has_no_scatter(model: SavedModel, tiny_camvid: Path, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra [deploy]")
    onnx = pytest.importorskip("onnx")
    out = tmp_path / "model.onnx"
    exported(model, Recipe("onnx", "fp32", out, size=(36, 40), images=1), tiny_camvid)
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    (image,), (classes,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["batch", 36, 40, 3])
    assert (classes.name, classes.type) == ("classes", "tensor(uint8)")
    metadata = json.loads(session.get_modelmeta().custom_metadata_map[KEY])
    assert metadata["class_names"][8] == "Car"
    assert metadata["class_colors"][8] == [64, 0, 128]
    assert metadata["input"]["channels"] == "rgb"
    assert not [node.op_type for node in onnx.load(out).graph.node if "Scatter" in node.op_type]
    # Images of other sizes are brought to it.
    assert Predictor(open_model(out)).classes_of(np.zeros((1, 48, 64, 3), np.uint8)).shape == (1, 48, 64)
    with pytest.raises(UserError, match="takes images of 36x40 alone; leave --size and --scales out"):
        Predictor(open_model(out), size="native")


def test_a_torch_program_runs_without_this_package(model: SavedModel, tiny_camvid: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.pt2"
    check = exported(model, Recipe("torch", "fp32", out, images=2), tiny_camvid)
    assert check.agreement > 0.999
    extra = {KEY: ""}
    program = torch.export.load(out, extra_files=extra)
    assert json.loads(extra[KEY])["class_names"] == list(model.info.class_names)
    assert all(str(node.target).startswith("aten.") for node in program.graph.nodes if node.op == "call_function")
    with pytest.raises(UserError, match="give the run folder"):
        open_model(out)


def test_a_file_that_is_not_its_network_is_not_written(model: SavedModel, tmp_path: Path) -> None:
    good = Check(images=2, agreement=0.9995, difference=0.1, mean_iou=0.5, file_mean_iou=0.492)
    good.require("fp32", 0.005)
    good.require("int8", 0.01)
    assert good.lost == pytest.approx(0.008)
    with pytest.raises(UserError, match=r"int8 costs 0\.0080 of mean IoU"):
        good.require("int8", 0.005)
    with pytest.raises(UserError, match=r"agrees with the network on 99\.00 %"):
        Check(2, 0.99, None, 0.5, 0.5).require("fp32", 0.01)


def test_nothing_is_left_behind_by_a_failed_check(model: SavedModel, tiny_camvid: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    with pytest.raises(UserError, match="of mean IoU, more than --max-loss -1:"):
        exported(model, Recipe("openvino", "bf16", tmp_path / "a.xml", images=1, max_loss=-1), tiny_camvid)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "precision", "out", "sentence"),
    [
        ("onnx", "bf16", "a.onnx", "take --format openvino, or fp32 or int8"),
        ("torch", "int8", "a.pt2", "take --format openvino or onnx"),
        ("onnx", "fp32", "a.xml", "onnx files end in .onnx"),
        ("onnx", "fp32", "none/a.onnx", "there is no folder"),
    ],
)
def test_impossible_recipes_are_refused(kind: str, precision: str, out: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        Recipe(kind, precision, tmp_path / out).validate()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.onnx", "a.xml"])
def test_files_of_others_are_refused(name: str, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    (tmp_path / name).write_text("<net")
    with pytest.raises(UserError, match=r"a\.bin, which holds its weights|cannot be read as ONNX"):
        open_model(tmp_path / name)
    (tmp_path / "a.bin").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be read"):
        open_model(tmp_path / name)


def test_the_command_exports_and_its_file_is_evaluated(
    model: SavedModel, tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra [deploy]")
    from segnet.cli import main

    save_model(tmp_path / "model", model)
    out, data = tmp_path / "model.onnx", ["--data", str(tiny_camvid)]
    assert main(["export", str(tmp_path / "model"), "--format", "onnx", "--out", str(out), "--images", "2", *data]) == 0
    assert "same class on" in capsys.readouterr().out
    results = []
    for name in (tmp_path / "model", out):
        assert main(["evaluate", str(name), "--precision", "fp32", *data, "--json", str(tmp_path / "m.json")]) == 0
        results.append(json.loads((tmp_path / "m.json").read_text())["mean_iou"])
    assert results[0] == pytest.approx(results[1], abs=1e-3)
    assert main(["evaluate", str(out), *data, "--report", str(tmp_path / "r.html")]) == 1
    assert "a report describes a run" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "package"), [("litert", "litert_torch"), ("executorch", "executorch")])
def test_a_phone_file_gives_the_networks_classes(
    kind: str, package: str, model: SavedModel, tiny_camvid: Path, tmp_path: Path
) -> None:
    pytest.importorskip(package, reason="needs the extra [phone]")
    out = tmp_path / f"street{SUFFIXES[kind]}"
    check = exported(model, Recipe(kind, "fp32", out, (48, 64), images=2), tiny_camvid)
    assert check.agreement > 0.999
    assert json.loads(out.with_suffix(".json").read_text())["size"] == [48, 64]


def test_a_phone_format_names_its_extra_and_its_precision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "litert_torch", None)
    with pytest.raises(UserError, match=r"litert_torch is not installed .*pip install 'segnet\[phone\]'"):
        Recipe("litert", "fp32", tmp_path / "street.tflite").validate()
    with pytest.raises(UserError, match="int8: litert files are in fp32 here"):
        Recipe("litert", "int8", tmp_path / "street.tflite").validate()
