"""Models on the Hub: what is pushed, what is fetched, and one line for everything that can be wrong, at once."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import yaml
from huggingface_hub import constants

import segnet
from segnet.cli import main
from segnet.errors import UserError
from segnet.files import sha256_of
from segnet.hub import parse_address
from segnet.nn import model_folder
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import save_autoencoder
from segnet.nn.model_folder import find_model, folder_from_hub, name_of
from segnet.nn.saved import load_model
from segnet.publish import public_settings
from segnet.web.models import Models

from .hub_server import NOT_FOUND, HubServer

ADDRESS = "hf://jane/streets"


@pytest.fixture
def hub_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A Hub of this test alone, and an empty cache for what is fetched from it."""
    server = HubServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    use_endpoint(monkeypatch, server.endpoint)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", "hf_nobody")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    huggingface_hub.close_session()
    folder_from_hub.cache_clear()
    yield server
    folder_from_hub.cache_clear()
    huggingface_hub.close_session()
    server.shutdown()
    server.server_close()
    thread.join()


def use_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """What HF_ENDPOINT does where it is set before huggingface_hub is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")


@pytest.fixture
def streets(hub_server: HubServer, tiny_run: Path) -> dict[str, bytes]:
    """The files of a repository with a model."""
    files = {name: (tiny_run / name).read_bytes() for name in ("config.json", "model.safetensors")}
    hub_server.add("jane/streets", files)
    return files


def test_a_run_is_pushed_with_its_card_and_nothing_else(
    hub_server: HubServer, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["push", str(tiny_run), "jane/streets", "--license", "cc-by-nc-4.0", "--private"]) == 0
    assert f"{hub_server.endpoint}/jane/streets\n" in capsys.readouterr().out
    [files] = hub_server.commits["jane/streets"].values()
    assert set(files) == {"config.json", "model.safetensors", "README.md"}
    assert files["model.safetensors"] == (tiny_run / "model.safetensors").read_bytes()
    assert json.loads(files["config.json"]) == json.loads((tiny_run / "config.json").read_text())
    assert hub_server.private == {"jane/streets"}
    _, front, text = files["README.md"].decode().split("---\n", 2)
    metadata = yaml.safe_load(front)
    measures = json.loads((tiny_run / "metrics.json").read_text())
    assert (metadata["license"], metadata["library_name"]) == ("cc-by-nc-4.0", "segnet")
    assert metadata["pipeline_tag"] == "image-segmentation"
    assert "semantic-segmentation" in metadata["tags"]
    [result] = metadata["model-index"][0]["results"]
    assert result["metrics"][0] == {"type": "mean_iou", "value": round(measures["mean_iou"], 4), "name": "Mean IoU"}
    assert 'segnet.load("hf://jane/streets")' in text
    assert f"| Car | {measures['per_class']['Car']['iou']:.3f} |" in text
    assert "| Fence | – |" in text  # neither in truth nor in a prediction


def test_what_was_pushed_predicts_as_the_run(hub_server: HubServer, tiny_run: Path, tiny_camvid: Path) -> None:
    segnet.push(tiny_run, "jane/streets")
    image = next((tiny_camvid / "val").iterdir())
    assert np.array_equal(segnet.load(ADDRESS).predict(image).mask, segnet.load(tiny_run).predict(image).mask)


def test_a_second_push_is_a_second_commit_and_both_can_be_loaded(
    hub_server: HubServer, tiny_run: Path, tmp_path: Path
) -> None:
    segnet.push(tiny_run, "jane/streets")
    segnet.push("camvid-lite", "jane/streets")
    first, second = hub_server.commits["jane/streets"]
    hub_server.tags["jane/streets"] = {"v1": first}
    packaged = sha256_of(find_model("camvid-lite") / "model.safetensors")
    for revision, expected in (
        ("", packaged),
        ("@main", packaged),
        (f"@{second}", packaged),
        ("@v1", sha256_of(tiny_run / "model.safetensors")),
        (f"@{first}", sha256_of(tiny_run / "model.safetensors")),
    ):
        assert sha256_of(find_model(ADDRESS + revision) / "model.safetensors") == expected


def test_the_cards_own_words_and_licence_stay(hub_server: HubServer, tiny_run: Path, tmp_path: Path) -> None:
    own = model_of(tiny_run, tmp_path / "own")
    (own / "README.md").write_text("---\nlicense: mit\ntags: [roads]\n---\n# Roads\n\nBy Jane.\n", encoding="utf-8")
    segnet.push(own, "jane/streets", license="apache-2.0")
    [files] = hub_server.commits["jane/streets"].values()
    _, front, text = files["README.md"].decode().split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert (metadata["license"], metadata["tags"], metadata["library_name"]) == ("mit", ["roads"], "segnet")
    assert text == "\n# Roads\n\nBy Jane.\n"


def test_a_path_of_this_machine_is_not_pushed() -> None:
    info = load_model("camvid-lite").info
    arguments = {"dropout": 0.5, "encoder_weights": "/home/jane/vgg.safetensors"}
    pushed = json.loads(public_settings(info.model_copy(update={"arguments": arguments})))
    assert pushed["arguments"] == {"dropout": 0.5, "encoder_weights": None}
    assert {**pushed, "arguments": 0} == {**info.model_dump(mode="json"), "arguments": 0}


def model_of(run: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((run / name).read_bytes())
    return folder


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("license: [mit", r"README\.md: its front matter is not valid YAML \("),
        ("just words", r"README\.md: its front matter has no names with values, such as license: mit$"),
        (
            "license: 3",
            r"^jane/streets: the Hub refuses it: Invalid metadata in README.md\. - \"license\" must be",
        ),
    ],
)
def test_a_card_that_the_hub_would_refuse_is_named(
    front: str, message: str, hub_server: HubServer, tiny_run: Path, tmp_path: Path
) -> None:
    own = model_of(tiny_run, tmp_path / "own")
    (own / "README.md").write_text(f"---\n{front}\n---\nwords\n", encoding="utf-8")
    with pytest.raises(UserError, match=message):
        segnet.push(own, "jane/streets")
    assert not any(hub_server.commits.values())


def test_measures_of_other_weights_are_not_on_the_card(hub_server: HubServer, tiny_run: Path, tmp_path: Path) -> None:
    own = model_of(tiny_run, tmp_path / "own")
    measures = json.loads((tiny_run / "metrics.json").read_text())
    (own / "metrics.json").write_text(json.dumps({**measures, "weights_sha256": "0" * 64}))
    segnet.push(own, "jane/streets")
    [files] = hub_server.commits["jane/streets"].values()
    assert b"Mean IoU" not in files["README.md"]
    assert b"mean_iou" not in files["README.md"]


def test_every_command_takes_an_address(
    streets: dict[str, bytes], tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, data = str(next((tiny_camvid / "val").iterdir())), str(tiny_camvid)
    assert main(["predict", ADDRESS, image, "--out", str(tmp_path / "masks")]) == 0
    assert main(["evaluate", ADDRESS, "--data", data, "--json", str(tmp_path / "measures.json")]) == 0
    assert json.loads((tmp_path / "measures.json").read_text())["images"] == 4
    assert main(["video", ADDRESS, str(tiny_camvid / "val"), str(tmp_path / "drive.mp4")]) == 0
    assert main(["evaluate", ADDRESS, "--data", data, "--report", str(tmp_path / "report.html")]) == 0
    assert "<h1>streets" in (tmp_path / "report.html").read_text()
    capsys.readouterr()
    assert main(["predict", "camvid-lite", ADDRESS]) == 1
    assert "is a model, not an image" in capsys.readouterr().err


def test_the_demo_names_a_model_by_its_repository(streets: dict[str, bytes]) -> None:
    assert list(Models([ADDRESS, f"{ADDRESS}@main"]).networks) == ["streets", "streets@main"]


def test_an_autoencoder_is_fetched_for_the_demo_but_not_taken_for_a_segmentation(
    hub_server: HubServer, tmp_path: Path
) -> None:
    given: tuple[str, tuple[int, int, int], dict[str, Any]] = ("dense_autoencoder", (1, 8, 8), {"widths": [6]})
    name, shape, arguments = given
    save_autoencoder(tmp_path, build_autoencoder(name, shape, **arguments), *given)
    hub_server.add("jane/digits", {n: (tmp_path / n).read_bytes() for n in ("config.json", "model.safetensors")})
    assert list(Models(["hf://jane/digits"]).autoencoders) == ["digits"]
    with pytest.raises(UserError, match="is an autoencoder"):
        segnet.load("hf://jane/digits")
    with pytest.raises(UserError, match="is an autoencoder"):
        segnet.push(tmp_path, "jane/other")


def test_one_process_fetches_a_model_once(hub_server: HubServer, streets: dict[str, bytes]) -> None:
    load_model(ADDRESS)
    asked = len(hub_server.requests)
    hub_server.add("jane/streets", {"config.json": b"{}"})
    load_model(ADDRESS)
    assert len(hub_server.requests) == asked


def test_without_a_network_what_was_fetched_before_is_taken(
    hub_server: HubServer,
    streets: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = find_model(ADDRESS)
    folder_from_hub.cache_clear()
    use_endpoint(monkeypatch, "http://127.0.0.1:1")
    begin = time.monotonic()
    assert find_model(ADDRESS) == folder
    said = capsys.readouterr().err
    assert said.startswith(f"{ADDRESS}: the Hub cannot be reached (")
    assert said.endswith("; using the files that were fetched before\n")
    with pytest.raises(UserError, match=r"^hf://jane/roads: not on this machine, and the Hub cannot be reached; check"):
        find_model("hf://jane/roads")
    with pytest.raises(UserError, match=r"^jane/roads: the Hub cannot be reached \("):
        segnet.push("camvid-lite", "jane/roads")
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("address", "refusal", "message"),
    [
        ("hf://jane/roads", None, r"no such repository, or a private one; check the name, or log in: hf auth login$"),
        (f"{ADDRESS}@v9", None, r"the repository has no such revision; give a branch, a tag or a commit$"),
        (ADDRESS, (401, NOT_FOUND), r"no such repository, or a private one"),
        (ADDRESS, (404, NOT_FOUND), r"no such repository, or a private one"),
        (ADDRESS, (403, {"X-Error-Code": "GatedRepo"}), r"needs permission; request it on its page"),
        (
            ADDRESS,
            (401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
            r"answers 401 \(Unauth.*HF_TO",
        ),
        (ADDRESS, (403, {}), r"answers 403 \(Forbidden\); log in with a token that may"),
        (ADDRESS, (429, {}), r"answers 429 \(Too Many Requests\); wait a few minutes$"),
        (ADDRESS, (503, {}), r"answers 503 \(Service Unavailable\); try again later$"),
    ],
)
def test_an_address_that_the_hub_refuses_is_named_at_once(
    address: str,
    refusal: tuple[int, dict[str, str]] | None,
    message: str,
    hub_server: HubServer,
    streets: dict[str, bytes],
    tiny_camvid: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub_server.refusal = refusal
    begin = time.monotonic()
    assert main(["predict", address, str(next((tiny_camvid / "val").iterdir()))]) == 1
    assert time.monotonic() - begin < 5
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"segnet predict: {address}: ")
    assert re.search(message, line), line


@pytest.mark.parametrize("status", [401, 403])
def test_a_push_that_is_not_allowed_is_named(status: int, hub_server: HubServer) -> None:
    hub_server.refusal = (status, {})
    with pytest.raises(UserError, match=r"^jane/roads: .*hf auth login"):
        segnet.push("camvid-lite", "jane/roads")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"has no config\.json; give a repository that segnet push wrote$"),
        (
            {"config.json": b"{}"},
            r"config\.json is of another kind of model; give a repository that segnet push wrote$",
        ),
        ({"config.json": b'{"model_type": "bert"}'}, r"is of another kind of model"),
        ({"config.json": b"no JSON"}, r"config\.json: is not JSON"),
        ({"config.json": b" " * 1_000_001}, r"config\.json has 1 MB, more than the limit of 1 MB"),
        ({"config.json": b'{"class_names": []}'}, r"has no model\.safetensors; give a repository"),
        (
            {"config.json": b'{"class_names": []}', "model.safetensors": b"x"},
            r"config\.json: name: .*; save the model again$",
        ),
    ],
)
def test_a_repository_without_a_model_of_ours_is_refused(
    files: dict[str, bytes], message: str, hub_server: HubServer
) -> None:
    hub_server.add("jane/streets", {"pytorch_model.bin": b"", **files})
    with pytest.raises(UserError, match=message):
        segnet.load(ADDRESS)


def test_weights_that_lie_or_are_pickled_are_refused_as_in_any_folder(
    hub_server: HubServer, streets: dict[str, bytes]
) -> None:
    for weights, message in (
        (b"\x80\x04" + b"." * 30, r"model\.safetensors: is a pickle"),
        (streets["model.safetensors"][:-4], r"not a complete safetensors file"),
    ):
        hub_server.add("jane/streets", {"model.safetensors": weights})
        folder_from_hub.cache_clear()
        with pytest.raises(UserError, match=message):
            segnet.load(ADDRESS)
    lying = json.loads(streets["config.json"])
    lying["arguments"]["widths"] = [9, 8, 8, 8]
    hub_server.add("jane/streets", {**streets, "config.json": json.dumps(lying).encode()})
    folder_from_hub.cache_clear()
    with pytest.raises(UserError, match=r"has shape .*, but the network of config\.json"):
        segnet.load(ADDRESS)


def test_weights_that_are_too_large_are_not_fetched(
    hub_server: HubServer, streets: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_folder, "MOST_WEIGHTS", 1000)
    with pytest.raises(UserError, match=r"model\.safetensors has 0 MB, more than the limit of 0\.001 MB"):
        segnet.load(ADDRESS)
    assert not [request for request in hub_server.requests if "model.safetensors" in request]


@pytest.mark.parametrize(
    "address",
    [
        "hf://",
        "hf://jane",
        "hf://jane/",
        "hf://jane/a/b",
        "hf://../..",
        "hf://jane/streets@",
        "hf://jane/st reets",
        "hf://-/a",
    ],
)
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(UserError, match=r"expected hf://OWNER/NAME or hf://OWNER/NAME@REVISION$"):
        parse_address(address)


def test_a_page_calls_a_model_by_its_repository_or_folder(tmp_path: Path) -> None:
    assert name_of(ADDRESS) == "streets"
    assert name_of(f"{ADDRESS}@v1") == "streets@v1"
    assert name_of(tmp_path / "there" / "..") == tmp_path.name


def test_wrong_arguments_of_push_are_named(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        ([str(tiny_run), "streets"], "streets: expected OWNER/NAME, such as jane/street-scenes"),
        ([str(tiny_run), "jane/streets@v1"], "jane/streets@v1: models are pushed to the main branch"),
        ([str(tiny_run), "jane/streets", "--license", "My own"], "--license My own: expected the Hub's name"),
        ([str(tiny_run / "tensorboard"), "jane/streets"], "has no model.safetensors"),
    ):
        assert main(["push", *arguments]) == 1
        assert message in capsys.readouterr().err


def test_the_hub_of_the_environment_is_asked_in_a_process_of_its_own(
    hub_server: HubServer, streets: dict[str, bytes], tiny_camvid: Path, tmp_path: Path
) -> None:
    image = next((tiny_camvid / "val").iterdir())
    environment: dict[str, Any] = {**os.environ, "HF_ENDPOINT": hub_server.endpoint, "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "segnet.cli", "predict", ADDRESS, str(image), "--out", str(tmp_path / "masks")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "masks").iterdir())) == 2
