"""Images through the interface: the same classes that the predictor gives, and a sentence for every mistake."""

import base64
import io
import math
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from segnet.inference.network_size import network_size
from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.web.models import Models
from segnet.web.segmentation import predictor_size
from tests.web.conftest import COLORS, LIMITS, NAMES, image_file

Pixels = NDArray[np.uint8]


def pixels_of(data_url: str) -> Pixels:
    kind, _, content = data_url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def ask(client: TestClient, path: str = "segment", image: bytes | None = None, **form: Any) -> Any:
    return client.post(f"/api/{path}", files={"image": image or image_file()}, data=form)


@pytest.fixture(scope="module")
def image() -> Pixels:
    return np.asarray(Image.open(io.BytesIO(image_file())))


def test_the_server_lists_models_limits_and_scenes(client: TestClient) -> None:
    offer = client.get("/api/models").json()
    assert [model["name"] for model in offer["models"]] == ["lite", "other", "bayesian"]
    assert [model["has_dropout"] for model in offer["models"]] == [False, False, True]
    assert offer["models"][0]["classes"] == list(NAMES)
    assert offer["autoencoders"] == ["dense_autoencoder", "variational_autoencoder"]
    assert offer["limits"]["image_bytes"] == LIMITS.image_bytes
    scene = Image.open(io.BytesIO(client.get("/api/scenes/0").content))
    assert scene.size == (120, 90)


def test_json_holds_what_the_predictor_finds(client: TestClient, models: Models, image: Pixels) -> None:
    answer = ask(client, size="own").json()
    (expected,) = Predictor(models.networks["lite"]).probabilities([image])
    mask = pixels_of(answer["mask"])
    assert np.array_equal(mask, expected.argmax(0))
    np.testing.assert_allclose(pixels_of(answer["probability"]) / 255, expected.max(0), atol=0.5 / 255 + 1e-6)
    assert [row["name"] for row in answer["classes"]] == list(NAMES)
    assert [row["share"] for row in answer["classes"]] == [float((mask == label).mean()) for label in range(3)]
    assert answer["uncertainty"] is answer["mean_uncertainty"] is None
    assert (answer["model"], answer["height"], answer["width"]) == ("lite", 48, 64)
    assert answer["network_size"] == [48, 64]
    assert 0 < answer["seconds"] <= answer["total_seconds"]


def test_a_bayesian_network_says_how_unsure_it_is(client: TestClient) -> None:
    answer = ask(client, model="bayesian", samples=4).json()
    deviation = pixels_of(answer["uncertainty"]) / 255 * 0.5
    assert deviation.mean() == pytest.approx(answer["mean_uncertainty"], abs=0.001)
    assert 0 < answer["mean_uncertainty"] <= 0.5
    assert ask(client, samples=2).status_code == 400


def test_masks_and_overlays_are_of_the_images_own_size(client: TestClient, models: Models) -> None:
    large = image_file(96, 128)
    answer = ask(client, "mask", large, size="half")
    mask = Image.open(io.BytesIO(answer.content))
    assert (answer.headers["Content-Type"], mask.size, mask.mode) == ("image/png", (128, 96), "P")
    assert mask.getpalette()[:9] == [channel for color in COLORS for channel in color]  # type: ignore[index]
    overlay = np.asarray(Image.open(io.BytesIO(ask(client, "overlay", large, size="half", opacity=0.25).content)))
    image = np.asarray(Image.open(io.BytesIO(large)))
    classes = Predictor(models.networks["lite"]).classes
    assert np.array_equal(overlay, Overlay(classes, 0.25).draw(image, np.asarray(mask)))


@pytest.mark.parametrize(
    ("size", "height", "width", "expected"),
    [
        ("own", 100, 300, (100, 300)),
        ("trained", 360, 480, (360, 480)),
        ("trained", 720, 960, (360, 480)),
        ("half", 360, 480, (180, 240)),
        ("double", 90, 120, (720, 960)),
        # As many pixels as 360×480, three times as wide as high: 240×720.
        ("trained", 500, 1500, (240, 720)),
        ("half", 4, 4000, (16, 6573)),
    ],
)
def test_sizes_for_the_network(size: Any, height: int, width: int, expected: tuple[int, int]) -> None:
    found = network_size(predictor_size(size, (360, 480)), (360, 480), (height, width))
    assert found == expected
    if size == "trained":
        assert math.prod(found) == 360 * 480


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"model": "../../etc"}, 404, "no such model; there are: lite, other, bayesian"),
        ({"size": "huge"}, 422, "size:"),
        ({"samples": 0}, 422, "samples:"),
        ({"backend": "abacus"}, 400, "backend 'abacus': not known"),
        ({"image": b"no image"}, 400, "cannot be read as an image"),
        ({"image": bytes(LIMITS.image_bytes + 1)}, 413, "at most 2 are accepted"),
        ({"image": image_file(1100, 1000)}, 413, "at most 1 million"),
    ],
)
def test_mistakes_are_one_sentence(client: TestClient, form: dict[str, Any], status: int, words: str) -> None:
    answer = ask(client, **form)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_mistake_of_ours_tells_nothing_of_this_machine(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segnet.web.segmentation.find", lambda *_: 1 / 0)
    answer = ask(client)
    assert (answer.status_code, set(answer.json())) == (500, {"error"})
    assert "Content-Security-Policy" in answer.headers
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/../../../etc/passwd", "/page/%2e%2e/app.py", "/page/..%2fapp.py", "//etc/passwd", "/api/clips/..%2f..%2f"],
)
def test_paths_outside_the_folders_are_refused(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 405)
