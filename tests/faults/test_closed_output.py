"""Standard output that is closed, for every command."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from segnet.cli import COMMANDS
from tests.faults.conftest import Begin
from tests.faults.programs import Before, segnet, without_report
from tests.faults.rows import Row, fault
from tests.faults.surroundings import close_output, measure_little, stop_when_served, use_hub
from tests.hub_server import HubServer

Words = list[str | Path]


@pytest.fixture
def lines(model: Path, tiny_camvid: Path, begin: Begin, tmp_path: Path) -> dict[str, Words]:
    """A command line of each command. What it writes in ``tmp_path`` is called ``out`` or stands in ``WRITTEN``."""
    image = next((tiny_camvid / "val").iterdir())
    config = begin().config
    report = tmp_path / "report"
    quick: Words = ["--quick", "--no-training", "--networks", "segnet_basic", "--size", "18x26", "--rounds", "1"]
    return {
        "train": ["--config", config],
        "configs": [],
        "evaluate": [model, "--data", tiny_camvid, "--json", tmp_path / "out.json"],
        "predict": [model, image, "--out", tmp_path / "out"],
        "rank": [model, tiny_camvid / "val", "--out", tmp_path / "out"],
        "video": [model, tiny_camvid / "val", tmp_path / "out.mp4"],
        "export": [model, "--data", tiny_camvid, "--out", tmp_path / "out.pt2", "--images", "1"],
        "push": [model, "jane/streets"],
        "benchmark": [*quick, "--json", tmp_path / "out.json"],
        "shards": ["--config", config, "--out", tmp_path / "out"],
        "tune": ["--config", config, "--trials", "1", "--vary", "optimizer.lr=[0.01]", "training.epochs=1"],
        "inspect": [tiny_camvid, "--report", tmp_path / "out.html"],
        "convert": [tiny_camvid, tmp_path / "out"],
        "report": [model, "--out", report / "out.html"],
        "compare": [model, model, "--out", tmp_path / "out.html"],
        "demo": [model, "--port", "0"],
        "completion": ["bash"],
    }


WRITTEN = {"train": "run/model.safetensors", "tune": "run-tune/report.html", "report": "report/out.html"}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    server = HubServer()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("command", COMMANDS)
@fault(
    "The machine's limits",
    "standard output closed (`>&-`), for every command",
    shown="",
    code=0,
    kept="what the command writes; none of its words get into a file that it opens",
)
def test_a_closed_output(command: str, lines: dict[str, Words], hub: HubServer, tmp_path: Path, row: Row) -> None:
    assert lines.keys() == COMMANDS.keys()
    before: dict[str, Before] = {
        "demo": stop_when_served,
        "push": partial(use_hub, hub.endpoint),
        "benchmark": measure_little,
        "train": without_report,
        "tune": without_report,
    }
    row.check(*segnet(command, *lines[command], before=[close_output, before.get(command, int)]))
    named = [word for word in lines[command] if Path(word).stem == "out"]
    for path in [*map(Path, named), *(tmp_path / name for name in [WRITTEN.get(command)] if name)]:
        assert path.exists()
        if path.suffix == ".json":
            json.loads(path.read_text())
    if command == "push":
        assert list(hub.commits) == ["jane/streets"]
