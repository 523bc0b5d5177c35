import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from segnet import model_files
from segnet.config import InputConfig
from segnet.errors import UserError
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel, load_model, save_model
from segnet.version import __version__

ARGUMENTS = {"widths": [4, 6, 8, 10], "depths": [1, 1], "dilations": [1, 2], "dropout": 0.1}


def small_model() -> SavedModel:
    network = build_network("segnet_lite", 2, **ARGUMENTS)
    network(torch.randn(4, 3, 32, 32))  # gives batch norm statistics that are not those of a new network
    return SavedModel(
        network,
        ModelInfo(
            name="segnet_lite",
            arguments=ARGUMENTS,
            input=InputConfig(channels="bgr", mean=(1, 2, 3), std=(4, 5, 6)),
            class_names=("road", "sky é"),
            class_colors=((0, 10, 255), (1, 2, 3)),
            ignore_index=255,
            size=(32, 48),
        ),
    )


def renamed(network: torch.nn.Module, name: str, arguments: dict[str, Any]) -> SavedModel:
    return SavedModel(network, small_model().info.model_copy(update={"name": name, "arguments": arguments}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "run", small_model())
    return tmp_path / "run"


def test_a_saved_model_loads_with_the_same_outputs(tmp_path: Path) -> None:
    model = small_model()
    save_model(tmp_path / "new" / "model", model)
    loaded = load_model(tmp_path / "new" / "model")
    image = torch.randn(1, 3, 37, 53)
    with torch.no_grad():
        assert torch.equal(loaded.network(image), model.network.eval()(image))
    assert replace(loaded, network=model.network) == model
    assert loaded.info.version == __version__
    assert not loaded.network.training
    assert sorted(path.name for path in (tmp_path / "new" / "model").iterdir()) == ["config.json", "model.safetensors"]


def test_preprocess_is_that_of_the_input(folder: Path) -> None:
    pixel = torch.tensor([10, 20, 30], dtype=torch.uint8).view(1, 3, 1, 1)
    assert load_model(folder).preprocess(pixel).flatten().tolist() == pytest.approx([29 / 4, 18 / 5, 7 / 6])


def test_channels_last_weights_of_a_network_in_training(tmp_path: Path) -> None:
    model = small_model()
    model.network.to(memory_format=torch.channels_last).train()
    save_model(tmp_path, model)
    assert model.network.training
    loaded = load_model(tmp_path).network.state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in model.network.state_dict().items())


def test_half_precision_weights_come_back_as_float32(tmp_path: Path) -> None:
    model = small_model()
    save_model(tmp_path, model, torch.float16)
    stored = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert stored["head.weight"].dtype == torch.float16
    loaded = load_model(tmp_path).network.state_dict()
    assert loaded["head.weight"].dtype == torch.float32
    assert torch.equal(loaded["head.weight"], stored["head.weight"].float())
    assert loaded["stem.1.num_batches_tracked"].dtype == torch.int64


def test_loading_draws_no_random_number(folder: Path) -> None:
    state = torch.get_rng_state()
    load_model(folder)
    assert torch.equal(torch.get_rng_state(), state)


def test_imagenet_weights_are_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr("segnet.nn.segnet.load_imagenet_encoder", fail)
    network = build_network("segnet", 2)
    save_model(tmp_path, renamed(network, "segnet", {"encoder_weights": "imagenet"}))
    assert load_model(tmp_path).info.arguments == {"encoder_weights": "imagenet"}


@pytest.mark.parametrize("encoder", ["resnet18", "mit_b0"])
def test_smp_models_load_with_the_same_outputs(tmp_path: Path, encoder: str) -> None:
    arguments = {"encoder_name": encoder}
    network = build_network("smp/FPN", 2, **arguments).eval()
    save_model(tmp_path, renamed(network, "smp/FPN", arguments))
    image = torch.randn(1, 3, 33, 40)
    with torch.no_grad():
        assert torch.equal(load_model(tmp_path).network(image), network(image))


def test_a_packaged_model_is_loaded_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "PACKAGED", folder.parent)
    assert load_model("run").info.name == "segnet_lite"
    with pytest.raises(
        UserError, match=r"^nothing: no such model; give a run folder or a model folder, or one of run$"
    ):
        load_model("nothing")
    with pytest.raises(UserError, match="no such model"):
        load_model("../run/../nothing")


def fails(folder: Path | str) -> str:
    with pytest.raises(UserError) as caught:
        load_model(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_is_not_there(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert fails(folder).startswith(f"{folder}: has no {name}")


def test_a_file_instead_of_a_folder(folder: Path) -> None:
    assert "give the folder" in fails(folder / "model.safetensors")


class Bomb:
    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        return exec, ("raise SystemExit('code of the file was run')",)


def write_torch_zip(path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, path)


def write_old_torch(path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, path, _use_new_zipfile_serialization=False)


def write_bomb(path: Path) -> None:
    path.write_bytes(pickle.dumps(Bomb()))


@pytest.mark.parametrize("write", [write_torch_zip, write_old_torch, write_bomb])
@pytest.mark.parametrize("name", ["best.pt", "model.safetensors"])
def test_pickles_are_refused(folder: Path, write: Callable[[Path], None], name: str) -> None:
    write(folder / name)
    assert "is a pickle, which could run any code" in fails(folder / name)
    if name == "best.pt":
        (folder / "model.safetensors").unlink()
    assert "is a pickle, which could run any code" in fails(folder)


def test_a_header_that_begins_like_a_pickle_is_none(folder: Path) -> None:
    """A safetensors file begins with its header's length; 0x4B50 is "PK" and 0x0280 begins pickles."""
    path = folder / "model.safetensors"
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    for wanted in (0x4B50, 0x0280 + 0x10000):
        if wanted >= length:
            header = content[8 : 8 + length].ljust(wanted)
            path.write_bytes(struct.pack("<Q", wanted) + header + content[8 + length :])
            assert load_model(folder).info.name == "segnet_lite"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"size": ' + "9" * 5000 + "}", "is not JSON"),
        ("\xff", "is not JSON"),
        ("[]", "json: Input should be a valid dictionary"),
        ("{}", "name: Field required"),
        (" " * 1_000_001, "over 1 MB"),
    ],
)
def test_settings_that_are_no_settings(folder: Path, text: str, message: str) -> None:
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    assert message in fails(folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "segnet_lit", "model.name=segnet_lit: no such network; did you mean segnet_lite?"),
        ("name", 3, "name: Input should be a valid string"),
        ("arguments", [], "arguments: Input should be a valid dictionary"),
        ("arguments", {"width": [1]}, "model.width: segnet_lite has no such argument; did you mean widths?"),
        ("arguments", {**ARGUMENTS, "widths": [4, 6, 8, 10**9]}, "over 4096"),
        ("arguments", {**ARGUMENTS, "depths": [1, 10**9]}, "over 4096"),
        ("arguments", {**ARGUMENTS, "dropout": float("nan")}, "arguments.dropout: a number has to be finite"),
        ("arguments", {**ARGUMENTS, "dilations": [1] * 65}, "over 4096 or a list of over 64"),
        ("arguments", {**ARGUMENTS, "widths": [4096] * 4, "expansion": 4096}, "far more weights"),
        ("class_names", [], "class_names: "),
        ("class_names", ["a"], "1 class_names, but 2 class_colors"),
        ("class_names", ["a"] * 300, "class_names: "),
        ("class_colors", [[0, 0, 0], [0, 0, 256]], "class_colors.1.2: "),
        ("class_colors", [[0, 0], [0, 0, 0]], "class_colors.0.2: "),
        ("ignore_index", 1, "ignore_index 1 is a class (sky é)"),
        ("ignore_index", 256, "ignore_index: "),
        ("size", [0, 3], "size.0: "),
        ("size", [10**12, 3], "size.0: "),
        ("size", [48], "size.1: Field required"),
        ("input", {"channels": "hsv"}, "input.channels: "),
        ("input", {"std": [1, 1, 0]}, "input.std.2: "),
        ("input", {"mean": [float("inf"), 0, 0]}, "input.mean.0: a number has to be finite"),
        ("surprise", 1, "surprise: "),
    ],
)
def test_wrong_settings_of_a_model_are_named(folder: Path, key: str, value: Any, message: str) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    found = fails(folder)
    assert message in found
    assert found.startswith(f"{path}: ")


def header_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def truncated(content: bytes) -> bytes:
    return content[:-10]


def only_the_length(content: bytes) -> bytes:
    return content[:8]


def huge_header(content: bytes) -> bytes:
    return struct.pack("<Q", 2**60) + content[8:]


def lying_shape(content: bytes) -> bytes:
    header, data = header_of(content)
    header["head.weight"]["shape"] = [2**40, 1, 1, 1]
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def lying_offsets(content: bytes) -> bytes:
    header, data = header_of(content)
    header["head.weight"]["data_offsets"] = [0, 2**50]
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize("change", [truncated, only_the_length, huge_header, lying_shape, lying_offsets, lambda _: b""])
def test_broken_weights_are_refused(folder: Path, change: Callable[[bytes], bytes]) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(change(path.read_bytes()))
    assert fails(folder).startswith(f"{path}: not a complete safetensors file")


def without_head(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in weights.items() if key != "head.weight"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_head, "has no weights head.weight"),
        (lambda weights: {**weights, "tail": torch.zeros(1)}, "has weights tail, which the network"),
        (lambda weights: {**weights, "head.bias": torch.zeros(3)}, "head.bias has shape [3], but the network"),
        (lambda weights: {**weights, "head.bias": torch.zeros(2, dtype=torch.int32)}, "head.bias is I32"),
        (lambda weights: {**weights, "stem.1.num_batches_tracked": torch.tensor(1.0)}, "num_batches_tracked is F32"),
    ],
)
def test_weights_of_another_network(
    folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]], message: str
) -> None:
    path = folder / "model.safetensors"
    safetensors.torch.save_file(change(safetensors.torch.load_file(path)), path)
    assert message in fails(folder)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="the model cannot be written"):
        save_model(tmp_path / "file" / "run", small_model())


def test_weights_that_share_memory_are_saved_each(tmp_path: Path) -> None:
    model = small_model()
    decoder = model.network.get_submodule("decoder1.0")
    encoder = model.network.get_submodule("encoder1.0")
    assert isinstance(decoder, nn.Conv2d)
    assert isinstance(encoder, nn.Conv2d)
    decoder.weight = encoder.weight
    save_model(tmp_path, model)
    assert torch.equal(load_model(tmp_path).network.get_parameter("decoder1.0.weight"), encoder.weight)
