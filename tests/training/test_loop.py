"""A run repeats to the bit: stopped and resumed, with any number of loader workers, under averaging and dropout."""

import csv
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from segnet.config import Config
from segnet.config_file import parse_config
from segnet.errors import UserError
from segnet.run_folder import RunFolder
from segnet.training.checkpoint import load_checkpoint
from segnet.training.launch import launch
from segnet.training.length import Length
from segnet.training.loop import Trainer, grouped, step_seed
from segnet.training.tasks.segmentation import SegmentationTask


def tiny_config(data: Path, runs: Path, name: str = "run", **training: Any) -> Config:
    return parse_config(
        {
            "name": name,
            "runs": str(runs),
            "data": {"root": str(data), "workers": 0},
            "augmentation": [
                {"HorizontalFlip": {"p": 0.5}},
                {"RandomCrop": {"height": 32, "width": 48}},
                {"RandomBrightnessContrast": {"p": 0.5}},
            ],
            "model": {
                "name": "segnet_lite",
                "widths": [4, 8, 8, 8],
                "depths": [1, 1],
                "dilations": [1],
                "dropout": 0.2,
            },
            "optimizer": {"name": "adamw", "lr": 0.01},
            "schedule": {"name": "one_cycle", "warmup_steps": 1},
            "training": {"epochs": 2, "batch_size": 2, "ema_decay": 0.9, "accelerator": "cpu", **training},
        },
        "test",
    )


def with_workers(workers: int, config: Config) -> Config:
    return config.model_copy(update={"data": config.data.model_copy(update={"workers": workers})})


class StopsAtStep(Trainer):
    """Receives Ctrl-C during one step."""

    stop_step = 0

    def optimizer_step(self, batches: list[Any]) -> Tensor:
        if self.position.step + 1 == self.stop_step:
            signal.raise_signal(signal.SIGINT)
        return super().optimizer_step(batches)


def train(config: Config, resume: bool = False, stop_step: int = 0) -> dict[str, Any]:
    """The last checkpoint of a run."""
    fabric = launch(config)
    run = RunFolder(config.run_folder)
    with run.open(config, resume):
        trainer = StopsAtStep(SegmentationTask(config), config, fabric, run)
        trainer.stop_step = stop_step
        trainer.train(resume)
    return load_checkpoint(run.last_checkpoint)


def assert_same(first: Any, second: Any) -> None:
    if isinstance(first, Tensor):
        assert torch.equal(first, second)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            if not str(key).startswith("seconds"):
                assert_same(first[key], second[key])
    elif isinstance(first, list | tuple):
        for a, b in zip(first, second, strict=True):
            assert_same(a, b)
    else:
        assert first == second


@pytest.fixture(scope="module")
def undisturbed(tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return train(tiny_config(tiny_camvid, tmp_path_factory.mktemp("undisturbed")))


@pytest.mark.parametrize("stop_step", [1, 2, 5, 7])
def test_a_stopped_and_resumed_run_is_the_undisturbed_one(
    stop_step: int, undisturbed: dict[str, Any], tiny_camvid: Path, tmp_path: Path
) -> None:
    config = tiny_config(tiny_camvid, tmp_path)
    with pytest.raises(KeyboardInterrupt, match=f"after step {stop_step}"):
        train(config, stop_step=stop_step)
    assert load_checkpoint(RunFolder(config.run_folder).last_checkpoint)["position"]["step"] == stop_step
    assert_same(train(config, resume=True), undisturbed)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_number_of_workers_changes_nothing(
    workers: int, undisturbed: dict[str, Any], tiny_camvid: Path, tmp_path: Path
) -> None:
    assert_same(train(with_workers(workers, tiny_config(tiny_camvid, tmp_path))), undisturbed)


def test_more_workers_than_cores_are_no_mistake(
    tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    train(with_workers(2, tiny_config(tiny_camvid, tmp_path, epochs=1)))
    assert not [str(warning.message) for warning in recwarn if "worker" in str(warning.message)]


def test_another_seed_is_another_run(undisturbed: dict[str, Any], tiny_camvid: Path, tmp_path: Path) -> None:
    config = tiny_config(tiny_camvid, tmp_path).model_copy(update={"seed": 1})
    other = train(config)["network"]
    assert not torch.equal(other["head.weight"], undisturbed["network"]["head.weight"])


def test_accumulated_batches_are_one_step(tiny_camvid: Path, tmp_path: Path) -> None:
    steps = train(tiny_config(tiny_camvid, tmp_path, accumulate=2))["position"]["step"]
    assert steps == 2 * 3  # two epochs of five batches: two pairs and one alone


def test_a_run_learns_and_leaves_its_record(tiny_camvid: Path, tmp_path: Path) -> None:
    config = tiny_config(tiny_camvid, tmp_path, epochs=30)
    train(config)
    run = RunFolder(config.run_folder)
    with run.metrics_csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 31))
    assert float(rows[-1]["train_loss"]) < 0.5 * float(rows[0]["train_loss"])
    assert float(rows[-1]["val_mean_iou"]) > 0.6
    assert (run.path / "model.safetensors").exists()
    assert list((run.path / "tensorboard").glob("events.*"))


def test_a_run_of_hours_ends_in_the_middle_of_an_epoch_and_is_measured(
    tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step takes a second of a clock that stands still in between; an epoch has five steps."""

    def look(self: Length) -> None:
        self.last_look = time.monotonic() - 1
        original(self)
        self.position.seconds_of_run = round(self.position.seconds_of_run)

    original = Length.look
    monkeypatch.setattr(Length, "look", look)
    config = tiny_config(tiny_camvid, tmp_path, "whole", hours=22 / 3600, validate_every=100)
    whole = train(config)
    stopped = tiny_config(tiny_camvid, tmp_path, "stopped", hours=22 / 3600, validate_every=100)
    with pytest.raises(KeyboardInterrupt):
        train(stopped, stop_step=13)
    assert_same(train(stopped, resume=True)["network"], whole["network"])
    assert (whole["position"]["step"], whole["position"]["planned_steps"]) == (22, 22)
    rows = list(csv.DictReader((tmp_path / "whole" / "metrics.csv").open()))
    assert [bool(row["val_mean_iou"]) for row in rows] == [False] * 4 + [True]
    assert float(rows[-1]["lr"]) < 0.01 * float(rows[1]["lr"])
    assert (tmp_path / "whole" / "model.safetensors").exists()


def test_early_stopping_ends_after_so_many_measurements_without_a_better_one(tiny_camvid: Path, tmp_path: Path) -> None:
    config = tiny_config(tiny_camvid, tmp_path, epochs=30, early_stopping=2)
    config = config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"lr": 1e-12})})
    position = train(config)["position"]
    assert position["epoch"] == position["best_epoch"] + 1 + 2


def test_a_loss_that_is_not_finite_names_step_and_samples(tiny_camvid: Path, tmp_path: Path) -> None:
    config = tiny_config(tiny_camvid, tmp_path)
    config = config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"lr": 1e30})})
    with pytest.raises(UserError, match=r"the loss is .* in epoch 1, step 2, on .*\.png.*lower optimizer.lr"):
        train(config)


def test_resuming_with_other_settings_is_refused(tiny_camvid: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tiny_config(tiny_camvid, tmp_path), stop_step=1)
    with pytest.raises(UserError, match=r"training\.batch_size is 2, but now 3"):
        train(tiny_config(tiny_camvid, tmp_path, batch_size=3), resume=True)


def test_two_runs_in_one_folder_are_refused(tiny_camvid: Path, tmp_path: Path) -> None:
    config = tiny_config(tiny_camvid, tmp_path)
    with (
        RunFolder(config.run_folder).open(config, resume=False),
        pytest.raises(UserError, match="another training writes"),
    ):
        RunFolder(config.run_folder).open(config, resume=False)


def test_groups_keep_order_and_the_last_may_be_short() -> None:
    batches: list[dict[str, Any]] = [{"n": n} for n in range(5)]
    assert [[b["n"] for b in group] for group in grouped(iter(batches), 2)] == [[0, 1], [2, 3], [4]]


def test_seeds_of_steps_and_ranks_differ() -> None:
    seeds = {step_seed(seed, step, rank) for seed in range(3) for step in range(50) for rank in range(2)}
    assert len(seeds) == 300
