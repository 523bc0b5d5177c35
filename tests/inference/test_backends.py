"""Every runtime says what plain PyTorch says, at any size, and what it cannot do is a sentence."""

import importlib

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference import runtimes
from segnet.inference.predictor import Predictor
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


def test_what_cannot_be_is_refused(bayesian_model: SavedModel, backend: str) -> None:
    for arguments, sentence in (
        ({"samples": 4}, "exported graphs have not"),
        ({"precision": "int8"}, f"segnet export MODEL --format {backend.removesuffix('runtime')} --precision int8"),
        ({"precision": "fp8"}, "precision 'fp8'"),
        ({"device": "tpu"}, "device 'tpu'"),
    ):
        with pytest.raises(UserError, match=sentence):
            Predictor(bayesian_model, backend, **arguments)  # type: ignore[arg-type]


def test_a_size_that_the_graph_cannot_take_is_named(model: SavedModel) -> None:
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    with pytest.raises(UserError, match="openvino cannot run this network on images of 1x1; set a larger --size"):
        Predictor(model, "openvino", size="native").classes_of(noise(1, 1))


def test_bfloat16_falls_back_and_says_so(model: SavedModel, capsys: pytest.CaptureFixture[str]) -> None:
    openvino = pytest.importorskip("openvino", reason="needs the extra [deploy]")
    has_bf16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    predictor = Predictor(model, "openvino", "bf16")
    assert predictor.description == f"openvino {'bf16' if has_bf16 else 'fp32'} on cpu"
    assert ("going on in fp32" in capsys.readouterr().err) != has_bf16
    assert predictor.classes_of(noise(16, 16)).shape == (2, 16, 16)


def test_a_runtime_that_is_not_installed_names_its_extra(
    model: SavedModel, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(runtimes, "importlib", type("Stub", (), {"import_module": staticmethod(missing)}))
    assert importlib.import_module("json")
    with pytest.raises(UserError, match=rf"{backend} is not installed .*pip install 'segnet\[deploy\]'"):
        Predictor(model, backend)
