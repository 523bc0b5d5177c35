"""Model folders that are broken, lying or mean harm: a line each, and nothing in them is run."""

import json
import pickle
import random
import resource
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from PIL import Image

from segnet.errors import UserError
from segnet.nn.saved import load_model
from tests.faults.programs import segnet
from tests.faults.rows import Row, fault, times
from tests.faults.test_data import PIXELS, mutated
from tests.faults.test_training import RunsCode


@pytest.fixture
def folder(model: Path, tmp_path: Path) -> Path:
    """A copy of a small model alone, to be broken."""
    (tmp_path / "model").mkdir()
    for name in ("model.safetensors", "config.json"):
        shutil.copy(model / name, tmp_path / "model" / name)
    return tmp_path / "model"


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as error:
        load_model(folder)
    return str(error.value)


@pytest.mark.parametrize("name", ["model.safetensors", "weights.pt", "weights.pth", "weights.pkl"])
@fault(
    "Models",
    "pickled weights, whatever the name of the file",
    shown="is a pickle, which could run any code, so it is not read; give a folder with model.safetensors",
    kept="nothing is run",
)
def test_pickled_weights_are_never_loaded(name: str, folder: Path, tmp_path: Path, row: Row) -> None:
    trace = tmp_path / "ran"
    (folder / "model.safetensors").unlink()
    if name.endswith("pkl"):
        (folder / name).write_bytes(pickle.dumps(RunsCode(trace)))
    else:
        torch.save({"code": RunsCode(trace)}, folder / name)
    row.check_line(refusal(folder))
    assert not trace.exists()


@fault(
    "Models",
    "pickled weights given to a command",
    shown="is a pickle, which could run any code, so it is not read; give a folder with model.safetensors",
    kept="nothing is run or written",
)
def test_a_command_meets_pickled_weights(folder: Path, tmp_path: Path, row: Row) -> None:
    torch.save({"code": RunsCode(tmp_path / "ran")}, folder / "model.safetensors")
    row.check(*segnet("predict", folder, Path(__file__), "--out", tmp_path / "out"))
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()


@fault(
    "Models",
    "a model folder with incomplete weights, cut at every tenth of the file",
    shown="model.safetensors: not a complete safetensors file (…); save the model again",
    kept="the folder; the same for every command that opens a model, including export",
)
def test_truncated_weights_are_refused(folder: Path, row: Row) -> None:
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for tenth in range(10):
        path.write_bytes(whole[: tenth * len(whole) // 10])
        row.check_line(refusal(folder))


@fault(
    "Models",
    "export of a model folder with incomplete weights",
    shown="model.safetensors: not a complete safetensors file (…); save the model again",
    kept="no file is created",
)
def test_export_of_truncated_weights(folder: Path, tmp_path: Path, row: Row) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    row.check(*segnet("export", folder, "--format", "onnx", "--out", tmp_path / "model.onnx"))
    assert not (tmp_path / "model.onnx").exists()


def with_header(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A safetensors file with its header changed and its length put right."""
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


HEADER_LIES: dict[str, Callable[[bytes], bytes]] = {
    "length of 2^60": lambda content: struct.pack("<Q", 2**60) + content[8:],
    "shape of 2^40": lambda content: with_header(content, lambda h: h["head.bias"].update(shape=[2**40])),
    "offset of 2^50": lambda content: with_header(content, lambda h: h["head.bias"].update(data_offsets=[0, 2**50])),
    "offsets that overlap": lambda content: with_header(
        content, lambda h: h["head.bias"].update(data_offsets=h["head.weight"]["data_offsets"])
    ),
    "unknown dtype": lambda content: with_header(content, lambda h: h["head.bias"].update(dtype="PICKLE")),
    "header that is no JSON": lambda content: content[:8] + b"x" + content[9:],
}


@pytest.mark.parametrize("lie", HEADER_LIES.values(), ids=HEADER_LIES)
@fault(
    "Models",
    "a safetensors header with false lengths, shapes, offsets or types",
    shown="model.safetensors: not a complete safetensors file (…); save the model again",
    kept="it is refused before memory is taken",
)
def test_false_headers_of_weights_are_refused(lie: Callable[[bytes], bytes], folder: Path, row: Row) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(lie(path.read_bytes()))
    row.check_line(refusal(folder))


@pytest.mark.parametrize("fault_of", ["shape", "missing", "extra", "dtype"])
@fault(
    "Models",
    "weights whose shapes, names or types differ from the network of `config.json`",
    shown="model.safetensors: …",
    kept="the line names the first tensor that differs, and the difference",
)
def test_weights_of_another_network(fault_of: str, folder: Path, row: Row) -> None:
    path = folder / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    bias = weights.pop("head.bias")
    if fault_of == "shape":
        weights["head.bias"] = torch.cat([bias, bias])
    elif fault_of == "extra":
        weights |= {"head.bias": bias, "tail.bias": bias.clone()}
    elif fault_of == "dtype":
        weights["head.bias"] = bias.to(torch.int32)
    safetensors.torch.save_file(weights, path)
    line = refusal(folder)
    row.check_line(line)
    assert ("tail.bias" if fault_of == "extra" else "head.bias") in line


@pytest.mark.parametrize(
    "change",
    [
        {"name": "os.system"},
        {"name": "smp/__import__"},
        {"name": "smp/Unet", "arguments": {"encoder_name": "tu-hf-hub:somebody/code"}},
        {"arguments": {"widths": {"__reduce__": "os.system"}}},
        {"arguments": {"_target_": "os.system", "command": "true"}},
        {"auto_map": {"AutoModel": "modeling.Evil"}},
    ],
    ids=["name", "smp name", "hub name", "argument", "target", "auto_map"],
)
@fault(
    "Models",
    "a `config.json` that names code: modules, targets, or a repository",
    shown="config.json: …",
    kept="nothing is imported, downloaded or run, because names are only looked up in the catalogue",
)
def test_configs_that_name_code(change: dict[str, Any], folder: Path, row: Row) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    row.check_line(refusal(folder))


@fault(
    "Models",
    "`config.json` or `model.safetensors` with random changes of bits, bytes and ranges",
    shown="…",
    kept="a line, or a network of the right shapes: no traceback, no crash",
)
def test_mutated_models_are_refused_or_loaded(folder: Path, row: Row, counted: Callable[[str], None]) -> None:
    wanted, chance = times(60, 2000), random.Random(0)
    names = ("config.json", "model.safetensors")
    whole = {name: (folder / name).read_bytes() for name in names}
    lines = []
    for index in range(wanted):
        name = names[index % 2]
        # Most of the weights are numbers, where nothing can be noticed: the header is what is read.
        head, tail = whole[name][:3000], whole[name][3000:]
        (folder / name).write_bytes(mutated(head, chance) + tail)
        try:
            load_model(folder)
        except UserError as error:
            lines.append(str(error))
        (folder / name).write_bytes(whole[name])
    assert len(lines) > wanted // 2
    for line in lines:
        row.check_line(line)
    counted(f"{wanted} mutated model folders, {len(lines)} refused in a line")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"widths": nested(600)}},
        {"arguments": {"widths": nested(60_000)}},
        {"arguments": {"widths": [4096] * 4, "depths": [4096] * 64}},
        {"name": "smp/Unet", "arguments": {"decoder_channels": [4096] * 5}},
        {"name": "smp/Unet", "arguments": {"encoder_name": "tu-eva_giant_patch14_224"}},
        {"class_names": ["a" * 100_000]},
    ],
    ids=["600 deep", "60,000 deep", "many layers", "wide decoder", "giant encoder", "long name"],
)
@fault(
    "Models",
    "a `config.json` of a kilobyte that would build a network of gigabytes, or is nested too deeply",
    shown="config.json: …",
    kept="it is refused before memory is taken",
)
def test_configs_that_ask_for_much(change: dict[str, Any], folder: Path, row: Row) -> None:
    path = folder / "config.json"
    settings = {**json.loads(path.read_text()), **change}
    # Python's own writer cannot write what is 60,000 deep.
    text = json.dumps({**settings, "arguments": "HERE"}).replace('"HERE"', plain_json(settings["arguments"]))
    path.write_text(text)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row.check_line(refusal(folder))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, "kilobytes"


def plain_json(arguments: dict[str, Any]) -> str:
    try:
        return json.dumps(arguments)
    except RecursionError:
        return '{"widths": ' + "[" * 60_000 + "1" + "]" * 60_000 + "}"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@fault(
    "Models",
    "infinite or NaN weights, given to any command",
    shown="model.safetensors: head.bias holds values that are not finite; take the weights of an earlier checkpoint…",
    kept="nothing is drawn or written",
)
def test_weights_that_are_not_finite(value: float, folder: Path, tmp_path: Path, row: Row) -> None:
    path = folder / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    weights["head.bias"][0] = value
    safetensors.torch.save_file(weights, path)
    row.check(*segnet("predict", folder, Path(__file__), "--out", tmp_path / "out"))
    row.check(*segnet("export", folder, "--format", "onnx", "--out", tmp_path / "model.onnx"))
    assert not list(tmp_path.glob("o*")) + list(tmp_path.glob("*.onnx"))


@fault(
    "Models",
    "finite weights that are so large that the network's values overflow",
    shown="the network gives values that are not finite (torch fp32 on cpu): its weights are damaged, or too large…",
    kept="nothing is drawn or written",
)
def test_overflowing_values_are_refused(folder: Path, tmp_path: Path, row: Row) -> None:
    path = folder / "model.safetensors"
    weights = {
        key: weight * 1e30 if weight.is_floating_point() else weight
        for key, weight in safetensors.torch.load_file(path).items()
    }
    safetensors.torch.save_file(weights, path)
    Image.fromarray(PIXELS).save(tmp_path / "frame.png")
    command = ("predict", folder, tmp_path / "frame.png", "--out", tmp_path / "out")
    row.check(*segnet(*command, "--backend", "torch", "--precision", "fp32"))
    assert not list(tmp_path.glob("out/*"))
