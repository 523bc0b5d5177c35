"""What several rooms' tests share: one thread, a tiny data set, where the real data are, a browser."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import segnet  # noqa: F401 - before PyTorch: it says how long threads stay awake  # isort: skip
import torch
from hypothesis import settings

from segnet.cli import main

torch.set_num_threads(1)
# How long an example takes says something about the machine and what else it does, not about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them send to themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)


TINY_CONFIG = """\
# A network so narrow that it trains in a second.
augmentation:
  - HorizontalFlip: {p: 0.5}
model: {name: segnet_lite, widths: [8, 8, 8, 8], depths: [1, 1], dilations: [1]}
optimizer: {name: adamw, lr: 0.02}
training: {epochs: 3, batch_size: 2, accelerator: cpu, recompute_batch_norm: true}
"""


@pytest.fixture(autouse=True)
def _algorithms_as_before() -> Iterator[None]:
    """A run asks PyTorch for deterministic algorithms; the test after it gets its own choice back."""
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="session")
def tiny_camvid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten train and four val images of 48×64 in the authors' layout: a bright class on a dark one, in noise."""
    root = tmp_path_factory.mktemp("tiny_camvid")
    rng = np.random.default_rng(0)
    for split, count in (("train", 10), ("val", 4)):
        (root / split).mkdir()
        (root / f"{split}annot").mkdir()
        for index in range(count):
            mask = np.zeros((48, 64), np.uint8)
            x, y = rng.integers(0, 40), rng.integers(0, 24)
            mask[y : y + 20, x : x + 20] = 8
            mask[:2] = 11
            image = np.where(mask[..., None] == 8, 170, 80) + rng.normal(0, 20, (48, 64, 3))
            name = f"{'0001TP' if index % 2 else '0006R0'}_{index:06d}.png"
            cv2.imwrite(str(root / split / name), image.clip(0, 255).astype(np.uint8))
            cv2.imwrite(str(root / f"{split}annot" / name), mask)
    return root


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config file; the data are given on the command line, as a user would."""
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(TINY_CONFIG)
    return path


@pytest.fixture(scope="session")
def tiny_run(tiny_config: Path, tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the trained network."""
    runs = tmp_path_factory.mktemp("runs")
    settings = [f"data.root={tiny_camvid}", "data.workers=0", f"runs={runs}"]
    assert main(["train", "--config", str(tiny_config), *settings]) == 0
    return runs / "tiny"


@pytest.fixture
def camvid_root() -> Path:
    """The real CamVid, where the machine has it."""
    root = os.environ.get("CAMVID_ROOT")
    if not root:
        pytest.skip("CAMVID_ROOT is not set: no CamVid on this machine")
    return Path(root)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real Chromium that talks to nobody."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on the PATH: install Debian's package chromium to test pages in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[dev]")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    # A moving image in place of a camera, and nobody to ask whether it may be used.
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    # Without this, torch's threads and the browser fight for a small machine's cores.
    torch.set_num_threads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with playwright.sync_playwright() as driver:
        window = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", *quiet, *camera],
            # Chromium leaves files in its temporary folder.
            env=os.environ | {"TMPDIR": str(tmp_path_factory.mktemp("chromium"))},
            timeout=180_000,
        )
        yield window
        window.close()
