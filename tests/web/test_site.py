"""The exported site in a real Chromium, served as any static host would."""

import functools
import http.server
import io
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from segnet.errors import UserError
from segnet.inference.stages import see_stages
from segnet.nn.saved import SavedModel
from segnet.web.site import check
from segnet.web.site.check import check_site, find_browser
from segnet.web.site.graph import browser_graph, stages_graph
from segnet.web.site.runtime import FILES, runtime_files
from segnet.web.site.write import refuse_others, write_site
from tests.web.conftest import LITE, image_file, tiny_model

onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra [deploy]")
WAIT = 120_000


@pytest.fixture(scope="module")
def model() -> SavedModel:
    return tiny_model("segnet_lite", **LITE)


@pytest.fixture(scope="module")
def site(model: SavedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        files = runtime_files(None)
    except UserError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("host") / "some" / "path"
    folder.mkdir(parents=True)
    write_site(folder, model, "tiny", files, drawn=False, licenses="the weights are in the public domain")
    return folder


@pytest.fixture
def host(site: Path) -> Iterator[str]:
    """A static host without any header of its own."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(site.parents[1]))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/some/path/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that must log nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    yield page
    context.close()
    assert [message for message in messages if "willReadFrequently" not in message] == []


def test_the_graph_gives_the_networks_classes_at_the_size_that_is_asked_for(model: SavedModel) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 37, 54, 4), np.uint8)
    session = onnxruntime.InferenceSession(browser_graph(model).SerializeToString())
    classes, confidence = session.run(None, {"pixels": pixels, "size": np.array([50, 61])})
    with torch.inference_mode():
        rgb = torch.from_numpy(pixels[..., :3]).permute(0, 3, 1, 2)
        logits = model.network(model.preprocess(rgb))
        logits = torch.nn.functional.interpolate(logits, (50, 61), mode="bilinear", align_corners=False)[0]
    np.testing.assert_array_equal(classes, logits.argmax(0))
    expected = (logits.softmax(0).amax(0) * 255).round().numpy()
    assert np.abs(confidence - expected).max() <= 1


def test_the_stages_graph_gives_the_codes_and_the_classes_without_them(model: SavedModel) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1, 37, 54, 4), np.uint8)
    session = onnxruntime.InferenceSession(stages_graph(model, 3).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {"pixels": pixels}), strict=True))
    image = torch.from_numpy(pixels[0, ..., :3]).permute(2, 0, 1)
    seen, without = see_stages(model, image), see_stages(model, image, with_indices=False)
    np.testing.assert_array_equal(found["classes"], seen.mask)
    np.testing.assert_array_equal(found["classes_without"], without.mask)
    for level, stage in enumerate(seen.stages):
        np.testing.assert_array_equal(found[f"codes{level}"], stage.codes[found[f"channels{level}"]])


def test_the_page_segments_an_image_as_python_does(page: Any, host: str, model: SavedModel, tmp_path: Path) -> None:
    page.goto(host)
    page.locator("#image-facts", has_text="through the network").wait_for()
    page.locator("#image-file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": image_file()})
    page.locator("#view-a canvas[width='64']").wait_for()
    page.locator("body:not(.waiting)").wait_for()
    with page.expect_download() as saved:
        page.locator("#save-mask").click()
    saved.value.save_as(tmp_path / "mask.png")
    mask = Image.open(tmp_path / "mask.png")
    assert mask.mode == "P"
    palette = mask.getpalette()
    assert palette is not None
    assert palette[:9] == [128, 64, 128, 70, 130, 180, 0, 0, 142]
    pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(image_file())))).permute(2, 0, 1)
    with torch.inference_mode():
        expected = model.network(model.preprocess(pixels[None]))[0].argmax(0)
    np.testing.assert_array_equal(np.asarray(mask), expected)


def test_the_page_looks_inside_with_the_pooling_codes(page: Any, host: str) -> None:
    page.goto(host)
    page.locator("#image-facts", has_text="through the network").wait_for()
    page.locator("#tab-stages").click()
    page.locator("#stages-facts", has_text="another class").wait_for()
    assert page.locator("#stage-rows .stage").count() == 3
    page.locator("#without").check()
    assert "without" in page.locator("#stages-mask-caption").inner_text()


def test_a_second_visit_has_threads_and_needs_no_network(page: Any, host: str) -> None:
    page.goto(host)
    page.locator("#image-facts", has_text="through the network").wait_for()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.reload()
    page.locator("#image-facts", has_text="through the network").wait_for()
    assert page.evaluate("crossOriginIsolated")


def test_a_page_from_a_file_says_how_to_serve_it(browser: Any, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.locator("#message", has_text="python -m http.server").wait_for()
    page.close()


def test_the_list_has_the_size_and_hash_of_every_file(site: Path) -> None:
    listed = json.loads((site / "site.json").read_text())["files"]
    there = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    assert there.keys() - listed.keys() == {"sw.js", "site.json"}
    assert all(there[name].stat().st_size == entry["bytes"] for name, entry in listed.items())
    text = (site / "index.html").read_text()
    assert 'href="/' not in text
    assert 'src="/' not in text
    assert "unsafe-inline" not in text


def test_the_check_compares_the_browser_with_the_network(site: Path, model: SavedModel) -> None:
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium is installed")

    class Given:
        # Noise, since equal pixels make ties of pooling windows, which fall as the sums are ordered.
        image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
        mask = np.zeros(image.shape[:2], np.uint8)

    found = check_site(site, model, [Given()] * 3, browser, lambda done: None)  # type: ignore[list-item]
    assert found.check.agreement > 0.995
    assert found.check.images == 3
    assert "images a second" in str(found)
    (site / "model.onnx").rename(site / "gone.onnx")
    try:
        with pytest.raises(UserError, match=r"did not run in the browser .*model.onnx is not there"):
            check_site(site, model, [Given()], browser, lambda done: None)  # type: ignore[list-item]
    finally:
        (site / "gone.onnx").rename(site / "model.onnx")


def test_a_browser_that_says_nothing_is_given_up(site: Path, model: SavedModel, monkeypatch: Any) -> None:
    monkeypatch.setattr(check, "SILENCE_S", 0.1)

    class Given:
        image = np.zeros((16, 16, 3), np.uint8)
        mask = np.zeros((16, 16), np.uint8)

    with pytest.raises(UserError, match="did not run the page within"):
        check_site(site, model, [Given()], shutil.which("true") or "/bin/true", lambda done: None)  # type: ignore[list-item]


def test_a_folder_of_the_runtime_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).touch()
    assert runtime_files(tmp_path) == {name: tmp_path / name for name in FILES}
    (tmp_path / FILES[0]).unlink()
    with pytest.raises(UserError, match=f"no {FILES[0]} in it; give the dist folder"):
        runtime_files(tmp_path)


def test_without_npm_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"npm, which fetches it, is not installed.*--runtime FOLDER"):
        runtime_files(None)


def test_another_package_than_the_expected_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: "npm")

    def pack(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        (Path(options["cwd"]) / "package.tgz").write_bytes(b"something else")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pack)
    with pytest.raises(UserError, match=r"not the expected package .*nothing was taken"):
        runtime_files(None)
    assert not any((tmp_path / "segnet" / "runtime").iterdir())


def test_a_folder_of_other_files_is_not_replaced(tmp_path: Path) -> None:
    refuse_others(tmp_path / "new")
    refuse_others(tmp_path)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="holds other files"):
        refuse_others(tmp_path)
    (tmp_path / "site.json").touch()
    refuse_others(tmp_path)
