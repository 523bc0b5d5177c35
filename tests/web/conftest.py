"""Small networks of every kind behind a real server, which tests reach in three ways: client, socket, browser."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from segnet.config import InputConfig
from segnet.nn.autoencoders import build_autoencoder
from segnet.nn.autoencoders.saved import save_autoencoder
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel, save_model
from segnet.web.app import build_app
from segnet.web.guard import Guard, known_hosts
from segnet.web.limits import Limits
from segnet.web.models import Models
from segnet.web.server import listen

LIMITS = Limits(
    image_bytes=2_000_000,
    image_pixels=1_000_000,
    clip_bytes=3_000_000,
    clip_seconds=3,
    waiting=4,
    answer_seconds=240,
)
NAMES = ("road", "<b>sky</b>", "car")
COLORS = ((128, 64, 128), (70, 130, 180), (0, 0, 142))
LITE = {"widths": [8, 8, 8, 8], "depths": [1, 1], "dilations": [1]}


def tiny_model(name: str, **arguments: object) -> SavedModel:
    torch.manual_seed(0)
    network = build_network(name, len(NAMES), **arguments).eval()
    scale = InputConfig(channels="rgb", mean=(127.5, 127.5, 127.5), std=(64, 64, 64))
    return SavedModel(
        network,
        ModelInfo(
            name=name,
            arguments=dict(arguments),
            input=scale,
            class_names=NAMES,
            class_colors=COLORS,
            ignore_index=255,
            size=(48, 64),
        ),
    )


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Saved models: SegNet-Lite twice, Bayesian SegNet-Basic, a dense and a variational autoencoder."""
    root = tmp_path_factory.mktemp("models")
    save_model(root / "lite", tiny_model("segnet_lite", **LITE))
    save_model(root / "other", tiny_model("segnet_lite", **(LITE | {"dilations": [2]})))
    save_model(root / "bayesian", tiny_model("bayesian_segnet_basic", dropout=0.5))
    shape = (1, 28, 28)
    arguments: dict[str, dict[str, object]] = {
        "dense_autoencoder": {"widths": [6]},
        "variational_autoencoder": {"widths": [16], "latent_size": 2},
    }
    for name, given in arguments.items():
        torch.manual_seed(0)
        save_autoencoder(root / name, build_autoencoder(name, shape, **given), name, shape, given)
    return [str(root / name) for name in ("lite", "other", "bayesian", *arguments)]


@pytest.fixture(scope="session", autouse=True)
def small_scenes() -> Iterator[None]:
    """Sample scenes that are drawn in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segnet.web.app.SCENE_SIZE", (90, 120))
        yield


@pytest.fixture(scope="session")
def models(folders: list[str]) -> Models:
    return Models(folders)


@pytest.fixture(scope="session")
def app(models: Models) -> Guard:
    return build_app(models, LIMITS, known_hosts("127.0.0.1"))


@pytest.fixture(scope="session")
def client(app: Guard) -> Iterator[TestClient]:
    """Speaks to the application without a socket; errors that it did not expect are answers, as they are to users."""
    with TestClient(app, "http://127.0.0.1:8765", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def server(models: Models) -> Iterator[str]:
    """The address of a real server in a thread."""
    listening = listen("127.0.0.1", 0)
    app = build_app(models, LIMITS, known_hosts("127.0.0.1"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


def image_file(height: int = 48, width: int = 64, kind: str = "png", **options: object) -> bytes:
    """Sky over road with a car, as a file."""
    pixels = np.full((height, width, 3), (90, 150, 220), np.uint8)
    pixels[height // 2 :] = (90, 90, 95)
    pixels[height // 2 : height // 2 + height // 6, width // 4 : width // 2] = (200, 20, 20)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Makes an MP4 of so many frames of 48×64, ten a second."""
    from fractions import Fraction

    from segnet.inference.video.writer import VideoWriter

    folder = tmp_path_factory.mktemp("clips")

    def make(frames: int) -> Path:
        path = folder / f"clip{frames}.mp4"
        if not path.exists():
            with VideoWriter(path, Fraction(10)) as writer:
                for index in range(frames):
                    image = np.full((48, 64, 3), 90, np.uint8)
                    image[20:30, index % 50 : index % 50 + 12] = (200, 20, 20)
                    writer.write(image, Fraction(index, 10))
        return path

    return make
