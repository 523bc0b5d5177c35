"""Autoencoders through the interface."""

import base64
import io

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from segnet.web.latents import ENLARGED, GRID, REACH, one_of_each_in_turn
from segnet.web.models import Models


def grey(data_url: str, step: int = ENLARGED) -> NDArray[np.float64]:
    """The image, a pixel for each that was enlarged, in 0–1."""
    image = Image.open(io.BytesIO(base64.b64decode(data_url.partition(",")[2])))
    return np.asarray(image)[step // 2 :: step, step // 2 :: step] / 255


def test_the_plane_and_the_digits(client: TestClient, models: Models) -> None:
    answer = client.get("/api/autoencoders/variational_autoencoder").json()
    assert answer["shape"] == [1, 28, 28]
    assert answer["labels"] == [*"0123456789"] * 3
    assert len(answer["ranges"]) == 2
    plane = answer["plane"]
    assert len(plane["places"]) == len(plane["labels"]) == 360
    pixels = grey(plane["image"], 1)
    assert pixels.shape == (GRID * 28, GRID * 28)
    # The upper right tile is the largest first number with the largest second.
    network = models.autoencoders["variational_autoencoder"].network
    with torch.inference_mode():
        corner = network.decode(torch.tensor([[REACH, REACH]]))[0, 0].numpy()  # type: ignore[operator]
    np.testing.assert_allclose(pixels[:28, -28:], corner, atol=0.003)
    assert client.get("/api/autoencoders/dense_autoencoder").json()["plane"] is None


def test_an_image_becomes_a_latent_and_comes_back(client: TestClient, models: Models) -> None:
    digit = client.get("/api/autoencoders/dense_autoencoder").json()["samples"][3]
    answer = client.post("/api/autoencoders/dense_autoencoder/encode", json={"pixels": digit}).json()
    image = torch.tensor(digit).view(1, 1, 28, 28)
    network = models.autoencoders["dense_autoencoder"].network
    with torch.inference_mode():
        expected = network(image)
    assert len(answer["latent"]) == 6
    assert answer["squared_error"] == pytest.approx(float((expected - image).square().mean()), rel=1e-5)
    np.testing.assert_allclose(grey(answer["reconstruction"]), expected[0, 0].numpy(), atol=0.003)
    again = client.post("/api/autoencoders/dense_autoencoder/decode", json={"latent": answer["latent"]}).json()
    assert again["image"] == answer["reconstruction"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("dense_autoencoder/encode", {"pixels": [0.5] * 5}, 400),
        ("dense_autoencoder/encode", {"pixels": [2]}, 422),
        ("dense_autoencoder/decode", {"latent": [1.0]}, 400),
        ("dense_autoencoder/decode", {"latent": []}, 422),
        ("dense_autoencoder/decode", {"latent": [1.0] * 1000}, 422),
        ("lite/decode", {"latent": [1.0]}, 404),
    ],
)
def test_mistakes_are_one_sentence(client: TestClient, path: str, body: object, status: int) -> None:
    answer = client.post(f"/api/autoencoders/{path}", json=body)
    assert (answer.status_code, set(answer.json())) == (status, {"error"})


def test_labels_go_round() -> None:
    assert one_of_each_in_turn(np.array([1, 1, 0, 2, 0, 1])) == [2, 0, 3, 4, 1, 5]
