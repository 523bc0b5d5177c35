"""Trackers: the same run goes on after a resume, a tracker that fails is left out, one that is missing is named."""

import contextlib
import importlib.util
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from segnet.cli import main
from segnet.config import Config
from segnet.config_file import parse_config
from segnet.errors import UserError
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics
from segnet.training.early_checks import check_early
from segnet.training.launch import launch
from segnet.training.log import Log, measures_of
from segnet.training.loop import Trainer
from segnet.training.position import Position
from segnet.training.stopping import PrunedError
from segnet.training.tasks.segmentation import SegmentationTask
from segnet.training.trackers.mlflow import parameters
from segnet.training.trackers.tracker import RunIds

needs_wandb = pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is an extra, not installed")
needs_mlflow = pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None, reason="the extra mlflow is not installed"
)


def config_of(data: Path, runs: Path, *loggers: str, epochs: int = 2) -> Config:
    return parse_config(
        {
            "name": "run",
            "runs": str(runs),
            "data": {"root": str(data), "workers": 0, "merge": {"things (all)": ["Car", "Pedestrian"]}},
            "model": {"name": "segnet_lite", "widths": [4, 4, 4, 4], "depths": [1, 1], "dilations": [1]},
            "training": {"epochs": epochs, "batch_size": 5, "accelerator": "cpu", "loggers": list(loggers)},
        },
        "test",
    )


def train(config: Config, resume: bool = False) -> RunFolder:
    run = RunFolder(config.run_folder)
    with run.open(config, resume):
        image = np.full((6, 8, 3), 200, np.uint8)
        Trainer(SegmentationTask(config), config, launch(config), run, lambda _network: image).train(resume)
    return run


@pytest.fixture
def _offline_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")


@pytest.fixture
def mlflow_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of an MLflow that keeps everything in ``tmp_path``; databases are its default store."""
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return mlflow.MlflowClient()


@needs_mlflow
def test_a_resumed_run_goes_on_in_the_same_mlflow_run(tiny_camvid: Path, tmp_path: Path, mlflow_client: Any) -> None:
    run = train(config_of(tiny_camvid, tmp_path, "mlflow"))
    first = json.loads(run.tracker_ids.read_text())
    train(config_of(tiny_camvid, tmp_path, "mlflow", epochs=3), resume=True)
    assert json.loads(run.tracker_ids.read_text()) == first
    experiment = mlflow_client.get_experiment_by_name("segnet")
    [kept] = mlflow_client.search_runs([experiment.experiment_id])
    assert (kept.info.run_id, kept.info.status) == (first["mlflow"], "FINISHED")
    assert kept.info.run_name == f"{tmp_path.name}/run"
    assert kept.data.params["model.name"] == "segnet_lite"
    assert kept.data.params["data.merge"] == '{"things (all)": ["Car", "Pedestrian"]}'
    history = mlflow_client.get_metric_history(kept.info.run_id, "val_mean_iou")
    rows = [measures_of(row) for row in Log(config_of(tiny_camvid, tmp_path), run, Position(epoch=9), True).table.rows]
    assert [(entry.step, entry.value) for entry in history] == [(step, row["val_mean_iou"]) for row, step in rows]
    assert [step for _, step in rows] == [2, 4, 6]  # ten images in batches of five
    assert len(mlflow_client.list_artifacts(kept.info.run_id, "images")) == 2 * 3  # with MLflow's own small copies


@needs_wandb
@pytest.mark.usefixtures("_offline_wandb")
def test_a_resumed_run_goes_on_in_the_same_wandb_run(tiny_camvid: Path, tmp_path: Path) -> None:
    run = train(config_of(tiny_camvid, tmp_path, "wandb"))
    first = json.loads(run.tracker_ids.read_text())["wandb"]
    time.sleep(1)  # W&B names a folder by the second in which it was made
    train(config_of(tiny_camvid, tmp_path, "wandb", epochs=3), resume=True)
    written = offline_runs(run)
    assert [path.name for path in written] == [f"run-{first}.wandb"] * 2
    history = [values_of(record.history) for path in written for record in records_of(path, "history")]
    assert [entry["_step"] for entry in history] == [2, 4, 6]
    assert [entry["val_mean_iou"] for entry in history] == [
        measures_of(row)[0]["val_mean_iou"]
        for row in Log(config_of(tiny_camvid, tmp_path), run, Position(epoch=9), True).table.rows
    ]
    assert all(entry["val samples._type"] == "image-file" for entry in history)


def offline_runs(run: RunFolder) -> list[Path]:
    """W&B's files of a run, the oldest first, once its own process has written all of them."""
    import wandb

    wandb.teardown()
    return sorted((run.path / "wandb").glob("offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime)


def values_of(message: Any) -> dict[str, Any]:
    items = message.item if hasattr(message, "item") else message.update
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def records_of(path: Path, kind: str) -> Iterator[Any]:
    """The records of a kind of an offline run. They lie in LevelDB's log format, behind seven bytes of W&B's own."""
    from wandb.proto import wandb_internal_pb2

    content, at, whole = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if (left := 32_768 - at % 32_768) < 7:
            at += left
            continue
        length, part = struct.unpack_from("<HB", content, at + 4)
        whole += content[at + 7 : at + 7 + length]
        at += 7 + length
        if part in (1, 4):  # a whole record, or the last part of one
            record = wandb_internal_pb2.Record.FromString(whole)
            whole = b""
            if record.WhichOneof("record_type") == kind:
                yield record


@needs_mlflow
@pytest.mark.parametrize(
    ("error", "status", "ending"), [(PrunedError, "KILLED", "pruned"), (OSError, "FAILED", "failed")]
)
def test_mlflow_shows_a_pruned_run_as_killed(
    error: type[Exception], status: str, ending: str, tiny_camvid: Path, tmp_path: Path, mlflow_client: Any
) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(error), Log(config_of(tiny_camvid, tmp_path, "mlflow"), run, Position(), True):
        raise error
    kept = mlflow_client.get_run(json.loads(run.tracker_ids.read_text())["mlflow"])
    assert (kept.info.status, kept.data.tags["ending"]) == (status, ending)


@needs_wandb
@pytest.mark.usefixtures("_offline_wandb")
@pytest.mark.parametrize(("error", "exit_code", "ending"), [(PrunedError, 0, "pruned"), (OSError, 1, "failed")])
def test_wandb_shows_a_pruned_run_as_finished(
    error: type[Exception], exit_code: int, ending: str, tiny_camvid: Path, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(error), Log(config_of(tiny_camvid, tmp_path, "wandb"), run, Position(), True):
        raise error
    [written] = offline_runs(run)
    [end] = records_of(written, "exit")
    assert end.exit.exit_code == exit_code
    summary = [values_of(record.summary) for record in records_of(written, "summary")]
    assert {key: value for values in summary for key, value in values.items()}["ending"] == ending


@needs_mlflow
def test_a_tracker_that_a_resumed_run_gains_gets_the_earlier_epochs_too(
    tiny_camvid: Path, tmp_path: Path, mlflow_client: Any
) -> None:
    run = train(config_of(tiny_camvid, tmp_path))
    train(config_of(tiny_camvid, tmp_path, "tensorboard", "mlflow", epochs=3), resume=True)
    run_id = json.loads(run.tracker_ids.read_text())["mlflow"]
    assert [entry.step for entry in mlflow_client.get_metric_history(run_id, "train_loss")] == [2, 4, 6]
    assert steps_in_tensorboard(run) == [2, 4, 6]


def test_tensorboard_shows_every_epoch_of_a_resumed_run(tiny_camvid: Path, tmp_path: Path) -> None:
    train(config_of(tiny_camvid, tmp_path, "tensorboard"))
    run = train(config_of(tiny_camvid, tmp_path, "tensorboard", epochs=4), resume=True)
    assert steps_in_tensorboard(run) == [2, 4, 6, 8]


def steps_in_tensorboard(run: RunFolder) -> list[int]:
    events = EventAccumulator(str(run.tensorboard))
    events.Reload()
    return [event.step for event in events.Scalars("train_loss")]


def test_the_default_writes_tensorboard_alone_beside_metrics_csv(tiny_run: Path) -> None:
    assert list((tiny_run / "tensorboard").glob("events.*"))
    assert not (tiny_run / "trackers.json").exists()


class Failing:
    """A tracker whose server goes away after the first row."""

    name, is_new, failures = "mlflow", True, (ConnectionError,)

    def __init__(self, *_: Any) -> None:
        self.calls: list[Any] = []

    def scalars(self, values: Any, step: int) -> None:
        self.calls.append(step)
        if len(self.calls) > 1:
            raise ConnectionError("the server is gone\nand more")

    def close(self, ending: str) -> None:
        self.calls.append(ending)


def test_a_training_goes_on_without_a_tracker_that_fails(
    tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing, run = Failing(), RunFolder(tmp_path)
    monkeypatch.setattr("segnet.training.log.Mlflow", lambda *_: failing)
    with Log(config_of(tiny_camvid, tmp_path, "mlflow"), run, Position(), True) as log:
        for epoch in (1, 2, 3):
            log.epoch({"epoch": epoch, "step": 2 * epoch, "train_loss": 0.5})
    assert failing.calls == [2, 4]
    line = "mlflow: the server is gone; the training goes on without it, metrics.csv has everything\n"
    assert capsys.readouterr().err == line
    assert len(read_metrics(run.metrics_csv)) == 3


@pytest.mark.parametrize(
    ("error", "ending"),
    [(None, "finished"), (KeyboardInterrupt, "stopped"), (PrunedError, "pruned"), (OSError, "failed")],
)
def test_a_tracker_is_told_how_the_training_ended(
    error: type[BaseException] | None, ending: str, tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing()
    monkeypatch.setattr("segnet.training.log.Mlflow", lambda *_: failing)
    with (
        contextlib.suppress(KeyboardInterrupt, OSError, PrunedError),
        Log(config_of(tiny_camvid, tmp_path, "mlflow"), RunFolder(tmp_path), Position(), True),
    ):
        if error:
            raise error
    assert failing.calls == [ending]


def test_a_tracker_that_is_not_installed_is_named_with_its_extra(
    tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("wandb", "mlflow"):
        with pytest.raises(
            UserError, match=rf"^training.loggers: {name} is not installed: pip install 'segnet\[{name}\]'$"
        ):
            check_early(config_of(tiny_camvid, tmp_path, name))


@needs_mlflow
def test_an_mlflow_server_that_does_not_answer_ends_the_command_in_a_line(
    tiny_config: Path,
    tiny_camvid: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = [f"data.root={tiny_camvid}", f"runs={tmp_path}", "data.workers=0", "training.loggers=[mlflow]"]
    assert main(["train", "--config", str(tiny_config), *settings]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("segnet train: training.loggers: mlflow accepts no run at http://127.0.0.1:1 (")
    assert last.endswith("set MLFLOW_TRACKING_URI, or leave mlflow out")


@needs_wandb
def test_a_person_who_is_not_logged_in_to_wandb_is_told_how(
    tiny_config: Path, tiny_camvid: Path, tmp_path: Path
) -> None:
    """In a process of its own, since W&B keeps from one run to the next where it writes to."""
    settings = [f"data.root={tiny_camvid}", f"runs={tmp_path}", "data.workers=0", "training.loggers=[wandb]"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WANDB")}
    done = subprocess.run(
        [sys.executable, "-m", "segnet.cli", "train", "--config", str(tiny_config), *settings],
        env={**environment, "HOME": str(tmp_path), "NETRC": str(tmp_path / "netrc")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("segnet train: training.loggers: wandb accepts no run (No API key configured")
    assert last.endswith("log in with `wandb login`, set WANDB_MODE=offline, or leave wandb out")


@pytest.mark.parametrize("content", ["[]", '{"wandb": 3}', "{"])
def test_damaged_ids_are_named(content: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.tracker_ids.write_text(content)
    with pytest.raises(UserError, match=r"trackers\.json: .*; remove the file to begin new runs in the trackers"):
        RunIds(run)


def test_parameters_are_the_keys_of_the_command_line(tiny_camvid: Path, tmp_path: Path) -> None:
    found = dict(parameters(config_of(tiny_camvid, tmp_path, "mlflow")))
    assert found["training.epochs"] == "2"
    assert found["training.loggers"] == '["mlflow"]'
    assert found["model.widths"] == "[4, 4, 4, 4]"
    assert found["optimizer.name"] == "adamw"
