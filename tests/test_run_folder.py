"""The run folder: who may write to it, what a new run clears, and the table of epochs."""

from pathlib import Path
from typing import Any

import pytest

from segnet.config import Config
from segnet.config_file import load_config
from segnet.errors import UserError
from segnet.run_folder import MetricsTable, RunFolder


def config(runs: Path, **settings: Any) -> Config:
    tree = {"name": "run", "runs": str(runs), "model": {"name": "segnet"}, "training": {"epochs": 1}, **settings}
    return Config.model_validate(tree)


def begin(settings: Config) -> RunFolder:
    run = RunFolder(settings.run_folder)
    run.open(settings, resume=False).close()
    run.last_checkpoint.write_bytes(b"state")
    return run


def test_the_folder_holds_the_config_as_it_was_resolved(tmp_path: Path) -> None:
    settings = config(tmp_path, optimizer={"lr": 3e-4})
    assert load_config(begin(settings).config_path) == settings


def test_resuming_needs_a_run(tmp_path: Path) -> None:
    settings = config(tmp_path)
    with pytest.raises(UserError, match="no run to go on from; train without --resume"):
        RunFolder(settings.run_folder).open(settings, resume=True)
    assert not (tmp_path / "run").exists()


def test_the_same_settings_may_go_on_on_another_machine(tmp_path: Path) -> None:
    run = begin(config(tmp_path))
    elsewhere = config(
        tmp_path, data={"root": "/elsewhere", "workers": 7}, training={"epochs": 1, "accelerator": "cpu"}
    )
    run.open(elsewhere, resume=True).close()
    assert run.last_checkpoint.exists()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"seed": 4}, "seed"),
        ({"training": {"epochs": 2}}, "training.epochs"),
        ({"data": {"train": "train+val"}}, "data.train"),
        ({"model": {"name": "segnet_basic"}}, "model"),
    ],
)
def test_other_settings_may_not(tmp_path: Path, changed: dict[str, Any], name: str) -> None:
    begin(config(tmp_path))
    other = config(tmp_path, **changed)
    with pytest.raises(UserError, match=f"config.yaml: {name} is not what the run began with"):
        RunFolder(other.run_folder).open(other, resume=True)
    # The refusal let go of the lock.
    RunFolder(other.run_folder).open(config(tmp_path), resume=True).close()


def test_a_setting_that_the_run_did_not_know_yet_has_its_default(tmp_path: Path) -> None:
    run = begin(config(tmp_path))
    lines = run.config_path.read_text().splitlines()
    start = lines.index("sampling:")
    run.config_path.write_text("\n".join(lines[:start] + lines[start + 3 :]))
    assert "rare" not in run.config_path.read_text()
    run.open(config(tmp_path), resume=True).close()
    with pytest.raises(UserError, match="sampling is not what the run began with"):
        run.open(config(tmp_path, sampling={"rare": 0.5}), resume=True)


def test_a_new_run_clears_the_old_ones_results_and_nothing_else(tmp_path: Path) -> None:
    run = begin(config(tmp_path))
    results = ("model.safetensors", "report.html", "evaluation.npz", "per_class.csv")
    for name in ("metrics.csv", "metrics.json", *results, "notes.txt", "my.csv"):
        (run.path / name).write_text("old")
    run.open(config(tmp_path), resume=False).close()
    left = {file.name for file in run.path.iterdir() if file.is_file() and not file.name.startswith(".")}
    assert left == {"config.yaml", "notes.txt", "my.csv"}
    assert not run.last_checkpoint.exists()


def test_the_table_drops_the_epochs_that_are_trained_again(tmp_path: Path) -> None:
    table = MetricsTable(tmp_path / "metrics.csv")
    for epoch in (1, 2, 3):
        table.add({"epoch": epoch, "loss": 1 / epoch, **({"val": 0.5} if epoch == 2 else {})})
    resumed = MetricsTable(table.path)
    resumed.load(before_epoch=3)
    resumed.add({"epoch": 3, "loss": 0.25})
    assert table.path.read_text().splitlines() == ["epoch,loss,val", "1,1.0,", "2,0.5,0.5", "3,0.25,"]
