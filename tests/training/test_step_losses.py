"""The loss of each step in a file of bounded length."""

from pathlib import Path

import pytest

from segnet.run_folder import RunFolder
from segnet.run_tables import read_step_losses
from segnet.training import step_losses
from segnet.training.step_losses import StepLosses


def written(path: Path) -> list[tuple[int, float]]:
    return read_step_losses(RunFolder(path).losses_csv)


def test_each_step_has_a_row(tmp_path: Path) -> None:
    losses = StepLosses(RunFolder(tmp_path), enabled=True)
    for step in (1, 2, 3):
        losses.add(step, 1 / step)
    losses.write()
    assert written(tmp_path) == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3, abs=1e-5))]


def test_long_runs_keep_means_of_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_losses, "KEPT", 4)
    losses = StepLosses(RunFolder(tmp_path), enabled=True)
    for step in range(1, 17):
        losses.add(step, float(step))
    losses.write()
    assert written(tmp_path) == [(8, 4.5), (16, 12.5)]


def test_a_resumed_run_goes_on_where_its_checkpoint_is(tmp_path: Path) -> None:
    RunFolder(tmp_path).losses_csv.write_text("step,loss\n2,5\n4,4\n6,3\n")
    losses = StepLosses(RunFolder(tmp_path), enabled=True)
    losses.load(last_step=4)
    losses.add(5, 1.0)
    losses.add(6, 2.0)
    losses.write()
    assert written(tmp_path) == [(2, 5.0), (4, 4.0), (6, 1.5)]


def test_a_damaged_table_is_no_table_and_other_processes_write_none(tmp_path: Path) -> None:
    RunFolder(tmp_path).losses_csv.write_text("step,loss\nno number\n")
    assert written(tmp_path) == []
    losses = StepLosses(RunFolder(tmp_path / "none"), enabled=False)
    losses.add(1, 1.0)
    losses.write()
    assert not (tmp_path / "none").exists()
