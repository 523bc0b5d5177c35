"""Weights that a training begins with, of which something is wrong: one line, before anything is trained."""

import json
import pickle
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from segnet.errors import UserError
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import save_autoencoder
from segnet.nn.encoder_file import load_encoder
from tests.faults.conftest import Begin, Training
from tests.faults.programs import without_report
from tests.faults.rows import Row, fault
from tests.faults.surroundings import use_hub
from tests.faults.test_training import RunsCode

PART = "Weights to begin with"


def damaged(model: Path, folder: Path, how: str) -> Path:
    """A copy of a model with something wrong."""
    folder.mkdir()
    for name in ("model.safetensors", "config.json"):
        shutil.copy(model / name, folder)
    weights, info = folder / "model.safetensors", folder / "config.json"
    if how == "cut":
        weights.write_bytes(weights.read_bytes()[:2000])
    elif how == "not finite":
        tensors = safetensors.torch.load_file(weights)
        tensors["head.bias"] += float("nan")
        safetensors.torch.save_file(tensors, weights)
    elif how == "other classes":
        settings = json.loads(info.read_text())
        settings["class_names"][0] = "Moon"
        info.write_text(json.dumps(settings))
    elif how == "missing":
        shutil.rmtree(folder)
    elif how == "an autoencoder":
        save_autoencoder(folder, build_autoencoder("dense_autoencoder", (1, 8, 8)), "dense_autoencoder", (1, 8, 8), {})
    return folder


def check_refused(setting: str, folder: Path, training: Training, row: Row) -> None:
    code, errors = training.run(f"{setting}={folder}")
    row.check(code, errors)
    assert str(folder) in errors
    assert not training.folder.exists()


@pytest.mark.parametrize("how", ["missing", "cut", "not finite", "an autoencoder"])
@fault(
    PART,
    "`model.start_from` with a model that is missing, damaged, not finite, or of a network without a common weight",
    shown="…; …",
    kept="nothing is trained or written",
)
def test_a_model_to_start_from(how: str, begin: Begin, model: Path, tmp_path: Path, row: Row) -> None:
    check_refused("model.start_from", damaged(model, tmp_path / "model", how), begin(), row)


@pytest.mark.parametrize("how", ["missing", "cut", "not finite", "an autoencoder", "other classes"])
@fault(
    PART,
    "`distill.teacher` with a model that is missing, damaged, not finite, an autoencoder, or of other classes",
    shown="…; …",
    kept="nothing is trained or written",
)
def test_a_teacher(how: str, begin: Begin, model: Path, tmp_path: Path, row: Row) -> None:
    check_refused("distill.teacher", damaged(model, tmp_path / "model", how), begin(), row)


def encoder() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def changed(change: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """The encoder's weights, those of its convolution changed."""
    state = encoder().state_dict()
    return {**state, "0.weight": change(state["0.weight"])}


FILES: dict[str, Callable[[Path], Any]] = {
    "not finite": lambda path: torch.save(changed(lambda weight: weight * float("inf")), path),
    "complex": lambda path: torch.save(changed(lambda weight: weight.to(torch.complex64)), path),
    "integers": lambda path: torch.save(changed(lambda weight: weight.to(torch.int8)), path),
    "sparse": lambda path: torch.save(changed(lambda weight: weight.to_sparse()), path),
    "another shape": lambda path: torch.save(changed(lambda weight: weight[:, :1]), path),
    "no tensors": lambda path: torch.save({}, path),
    "a list": lambda path: torch.save([1, 2], path),
    "code": lambda path: path.write_bytes(pickle.dumps({"0.weight": RunsCode(path.with_name("ran"))})),
    "code in a state dict": lambda path: torch.save({"0.weight": RunsCode(path.with_name("ran"))}, path),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"weights" * 100),
    "a folder": lambda path: path.mkdir(),
    "cut": lambda path: path.write_bytes(cut(path)),
}


def cut(path: Path) -> bytes:
    torch.save(encoder().state_dict(), path)
    return path.read_bytes()[:-100]


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("content", FILES)
@fault(
    PART,
    "`model.encoder_weights` with a file that is damaged, holds code, or has other shapes, types or values that are "
    "not finite",
    shown="weights…; give the weights of this encoder, as safetensors or as a state dict",
    kept="the encoder is unchanged, and no code is run",
)
def test_an_encoders_file(
    content: str, suffix: str, tmp_path: Path, row: Row, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / f"weights{suffix}"
    FILES[content](path)
    network = encoder()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(UserError) as error:
        load_encoder(network, path)
    row.check_line(str(error.value))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert not (tmp_path / "ran").exists()
    assert not recwarn.list


@pytest.mark.parametrize("name", ["resnet18", "tu-resnet18"])
@fault(
    PART,
    "`model.encoder_weights=imagenet` for a model of segmentation-models-pytorch, without a network",
    shown="model.encoder_weights=imagenet (…): not on this machine, and the Hub cannot be reached; check the "
    "connection, or set model.encoder_weights to a file (.safetensors, …) or to null",
    kept="nothing is trained or written; the libraries' retries of half a minute and their messages are left out",
)
def test_an_encoders_weights_without_a_network(name: str, begin: Begin, tmp_path: Path, row: Row) -> None:
    training = begin()
    network = f"model={{name: smp/Unet, encoder_name: {name}, encoder_weights: imagenet}}"
    # Nothing listens at the port for discarded data.
    away = partial(use_hub, "http://127.0.0.1:9", tmp_path / "cache")
    code, errors = training.run(network, before=(without_report, away))
    row.check(code, errors)
    assert len(errors.splitlines()) == 1
    assert not training.folder.exists()
