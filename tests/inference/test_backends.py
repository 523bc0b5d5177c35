"""Every runtime says what plain PyTorch says, at any size, and what it cannot do is a sentence."""

import importlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from segnet import optional
from segnet.errors import UserError
from segnet.inference.backends.graph_backend import GraphBackend
from segnet.inference.backends.openvino_backend import OpenVinoBackend
from segnet.inference.backends.openvino_cache import KEPT, graph_cache
from segnet.inference.openvino_core import openvino_core
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import as_tensor
from segnet.nn.saved import SavedModel

from .conftest import saved

RUNTIMES = {"onnxruntime": "onnxruntime", "openvino": "openvino"}


@pytest.fixture(params=RUNTIMES)
def backend(request: pytest.FixtureRequest) -> str:
    pytest.importorskip("onnx", reason="needs the extra [deploy]")
    pytest.importorskip(RUNTIMES[request.param], reason="needs the extra [deploy]")
    return str(request.param)


def noise(height: int, width: int, count: int = 2) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)


def plain_logits(model: SavedModel, images: NDArray[np.uint8]) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.network(model.preprocess(torch.from_numpy(images).permute(0, 3, 1, 2)))
    return logits


def test_classes_and_probabilities_are_the_plain_networks(model: SavedModel, backend: str) -> None:
    predictor = Predictor(model, backend, "fp32", size="native")
    assert predictor.description == f"{backend} fp32 on cpu"
    for size in ((48, 64), (37, 53)):
        images = noise(*size)
        expected = plain_logits(model, images)
        np.testing.assert_allclose(predictor.probabilities(images), expected.softmax(1), atol=1e-4)
        classes = predictor.classes_of(images)
        assert classes.dtype == np.uint8
        assert classes.shape == (2, *size)
        assert (classes == expected.argmax(1).numpy()).mean() > 0.999


@pytest.mark.parametrize("name", ["segnet_basic", "bayesian_segnet_basic"])
def test_normalisation_and_dropout_are_exported(name: str, backend: str) -> None:
    """SegNet-Basic has LRN on its input, seven by seven kernels and four levels; its dropouts are off."""
    model = saved(name)
    images = noise(19, 33, 1)
    expected = plain_logits(model, images).softmax(1)
    np.testing.assert_allclose(
        Predictor(model, backend, "fp32", size="native").probabilities(images), expected, atol=1e-4
    )


def test_a_working_size_gives_results_at_the_images_own(model: SavedModel, backend: str) -> None:
    predictor = Predictor(model, backend, "fp32", size=(24, 32))
    assert predictor.classes_of(noise(50, 70)).shape == (2, 50, 70)


def test_impossible_arguments_of_a_backend_are_refused(bayesian_model: SavedModel, backend: str) -> None:
    for arguments, sentence in (
        ({"samples": 4}, "exported graphs do not have"),
        ({"precision": "int8"}, f"segnet export MODEL --format {backend.removesuffix('runtime')} --precision int8"),
        ({"precision": "fp8"}, "precision 'fp8'"),
        ({"device": "tpu"}, "device 'tpu'"),
    ):
        with pytest.raises(UserError, match=sentence):
            Predictor(bayesian_model, backend, **arguments)


def test_a_size_that_the_graph_cannot_take_is_named(model: SavedModel) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    with pytest.raises(UserError, match="openvino cannot run this network on images of 1x1; set a larger --size"):
        Predictor(model, "openvino", size="native").classes_of(noise(1, 1))


def test_openvino_leaves_out_the_enlargement_that_ends_a_graph(model: SavedModel) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    whole, lite = (OpenVinoBackend(network, "fp32", "cpu") for network in (saved("segnet_basic"), model))
    assert whole.small_logits is None  # SegNet-Basic's logits have the size of the image
    assert lite.small_logits is not None
    blobs = np.stack([cv2.resize(image, (68, 50), interpolation=cv2.INTER_CUBIC) for image in noise(5, 7)])
    images = as_tensor(blobs)
    found, in_the_graph = lite.classes(images), GraphBackend.classes(lite, images)
    assert len(found.unique()) > 1
    assert (found == in_the_graph).float().mean() > 0.999  # the two round differently, which may turn a tie


def test_ctrl_c_is_heard_after_several_openvino_models() -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    program = """
import gc, signal
from segnet.inference.backends import open_backend
from segnet.nn.saved import load_model
model = load_model("camvid-lite")
first, second = open_backend("openvino", model, "fp32", "cpu"), open_backend("openvino", model, "fp32", "cpu")
del first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("heard")
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "heard\n"


def test_bfloat16_falls_back_and_says_so(model: SavedModel, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    has_bf16 = "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    predictor = Predictor(model, "openvino", "bf16")
    assert predictor.description == f"openvino {'bf16' if has_bf16 else 'fp32'} on cpu"
    assert ("going on in fp32" in capsys.readouterr().err) != has_bf16
    assert predictor.classes_of(noise(16, 16)).shape == (2, 16, 16)


def test_a_runtime_that_is_not_installed_names_its_extra(
    model: SavedModel, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(optional, "importlib", type("Stub", (), {"import_module": staticmethod(missing)}))
    assert importlib.import_module("json")
    with pytest.raises(UserError, match=rf"{backend} is not installed .*pip install 'segnet\[deploy\]'"):
        Predictor(model, backend)


def test_threads_that_share_the_cores_get_the_same_classes(model: SavedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    backend = Predictor(model, "openvino", "fp32").backend
    images = [as_tensor(noise(48, 64, 1)), as_tensor(255 - noise(48, 64, 1))] * 4
    expected = [backend.classes(image) for image in images]
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    with ThreadPoolExecutor(2) as pool:
        for found, wanted in zip(pool.map(backend.classes, images), expected, strict=True):
            assert (found == wanted).float().mean() > 0.999


def test_compiled_graphs_are_kept_and_a_damaged_one_is_made_anew(
    model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images = noise(48, 64, 1)
    expected = Predictor(model, "openvino", "fp32").classes_of(images)
    (kept,) = (tmp_path / "segnet" / "openvino").glob("*.blob")
    kept.chmod(0o600)
    kept.write_bytes(b"no graph")
    np.testing.assert_array_equal(Predictor(model, "openvino", "fp32").classes_of(images), expected)
    assert kept.stat().st_size > 100


def test_only_the_newest_graphs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = graph_cache()
    assert folder is not None
    for index in range(KEPT + 3):
        (folder / f"{index}.blob").write_bytes(b"")
        os.utime(folder / f"{index}.blob", (index, index))
    graph_cache()
    assert {path.stem for path in folder.glob("*.blob")} == {str(index) for index in range(3, KEPT + 3)}


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert graph_cache() is None


@pytest.mark.parametrize(("images", "expected"), [(1, "torch"), (99, "torch"), (100, "openvino"), (None, "openvino")])
def test_openvino_is_taken_for_many_images(images: int | None, expected: str, model: SavedModel) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    predictor = Predictor(model, precision="fp32").for_many(images)
    assert predictor.description == f"{expected} fp32 on cpu"


def test_a_users_choice_and_dropout_samples_stay_where_they_are(model: SavedModel, bayesian_model: SavedModel) -> None:
    for predictor in (Predictor(model, "torch"), Predictor(bayesian_model, samples=2)):
        assert predictor.for_many(None) is predictor


def test_torch_is_taken_where_openvino_is_not_installed(model: SavedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    predictor = Predictor(model)
    assert predictor.for_many(None) is predictor
