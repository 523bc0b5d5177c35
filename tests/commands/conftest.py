"""A whole tiny run, trained once by the command that a user types."""

from pathlib import Path

import pytest

from segnet.cli import main

CONFIG = """\
# A network so narrow that it trains in a second.
augmentation:
  - HorizontalFlip: {p: 0.5}
model: {name: segnet_lite, widths: [8, 8, 8, 8], depths: [1, 1], dilations: [1]}
optimizer: {name: adamw, lr: 0.02}
training: {epochs: 3, batch_size: 2, accelerator: cpu, recompute_batch_norm: true}
"""


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config file; the data are given on the command line, as a user would."""
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="session")
def tiny_run(tiny_config: Path, tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the trained network."""
    runs = tmp_path_factory.mktemp("runs")
    settings = [f"data.root={tiny_camvid}", "data.workers=0", f"runs={runs}"]
    assert main(["train", "--config", str(tiny_config), *settings]) == 0
    return runs / "tiny"
