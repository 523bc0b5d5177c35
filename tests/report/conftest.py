"""A tiny run as the reports see it: three classes, one of them with a hostile name, and known mistakes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

from segnet.config import InputConfig
from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import as_png
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.metrics import CalibrationBins, boundary_f1, confusion_matrix
from segnet.nn.saved import ModelInfo, SavedModel

HOSTILE = "<script>alert('class')</script>"
CLASSES = ClassSet(("road", "$x$ & <b>", HOSTILE), ((128, 64, 128), (0, 128, 0), (0, 0, 200)), 255)
SETTINGS = """\
name: tiny
data: {name: folder, root: "<script>alert('root')</script>", classes: [a, b, c]}
model: {name: segnet_lite}
training: {epochs: 3}
"""
HISTORY = """\
epoch,step,lr,train_loss,val_loss,val_mean_iou,val_global_accuracy,val_class_accuracy,images_per_second,seconds
1,2,0.001,1.5,,,,,10,1
2,4,0.001,1.0,1.1,0.5,0.7,0.6,10,1
3,6,0.001,0.8,1.0,0.4,0.7,0.6,10,1
"""


def tiny_evaluation(dataset: ImagesAndMasks, shift: int) -> Evaluation:
    """Predictions are the truth moved right by ``shift + number`` columns."""
    predictions = [np.roll(dataset[n].mask, shift + n, axis=1) % len(CLASSES) for n in range(len(dataset))]
    truths = [dataset[n].mask for n in range(len(dataset))]
    calibration = CalibrationBins()
    calibration.update(np.full(100, 0.9), np.arange(100) < 80)
    return Evaluation(
        CLASSES,
        [dataset[n].name for n in range(len(dataset))],
        np.stack([confusion_matrix(p, t, 3, 255) for p, t in zip(predictions, truths, strict=True)]),
        np.stack([boundary_f1(p, t, 3, 255) for p, t in zip(predictions, truths, strict=True)]),
        calibration,
        calibration,
        [as_png(prediction) for prediction in predictions],
        12.5,
    )


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> ImagesAndMasks:
    folder = tmp_path_factory.mktemp("tiny")
    rng = np.random.default_rng(0)
    pairs = []
    for index in range(5):
        mask = np.zeros((24, 32), np.uint8)
        mask[:, 10:20], mask[12:, 20:], mask[:2] = 1, 2, 255
        pair = Pair(folder / f"image<{index}>.png", folder / f"mask{index}.png")
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(pair.image)
        Image.fromarray(mask).save(pair.mask)
        pairs.append(pair)
    return ImagesAndMasks(pairs, CLASSES)


@pytest.fixture(scope="session")
def tiny_predictor() -> Predictor:
    network = nn.Conv2d(3, 3, 1)
    model = SavedModel(
        network,
        ModelInfo(
            name="tiny",
            arguments={},
            input=InputConfig(),
            class_names=CLASSES.names,
            class_colors=CLASSES.colors,
            ignore_index=255,
            size=(24, 32),
        ),
    )
    return Predictor(model, precision="fp32", device="cpu")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "<i>run"
    folder.mkdir()
    (folder / "config.yaml").write_text(SETTINGS)
    (folder / "metrics.csv").write_text(HISTORY)
    return folder


@contextmanager
def opened(browser: Any, path: Path, width: int) -> Iterator[Any]:
    """A page in a window of this width; at the end it must have logged nothing and asked for nothing but itself."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    # A busy machine is slow, not wrong.
    page.set_default_timeout(180_000)
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    yield page
    page.close()
    assert messages == []
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]


def axe_violations(browser: Any, path: Path, scheme: str) -> list[tuple[str, list[str]]]:
    """The rules of axe that a page breaks, wide and narrow, each with the elements that break it."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed: pip install .[dev]"
    )
    found = []
    for width in (1280, 390):
        # axe runs inside the page, where the page's own policy would stop it.
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        page.set_default_timeout(180_000)
        page.goto(path.as_uri())
        violations = axe.Axe().run(page).response["violations"]
        found += [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in violations]
        context.close()
    return found
