"""A search trains, prunes, stops and goes on, and leaves the best config."""

import csv
import itertools
import json
import re
import statistics
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from segnet.cli import main
from segnet.config import Config
from segnet.config_file import load_config
from segnet.errors import UserError
from segnet.report.tuning_page import as_text, values_against
from segnet.training.loop import Trainer
from segnet.tuning import study as tuning
from segnet.tuning.space import read_space
from segnet.tuning.study import Plan, TrialTrainer, search

CONFIG = str(Path(__file__).parents[2] / "configs" / "autoencoders" / "vanilla.yaml")
QUICK = ["training.accelerator=cpu", "model.widths=[4]"]


def plan(runs: Path, *vary: str, epochs: int = 1) -> Plan:
    quick = [f"runs={runs}", f"training.epochs={epochs}", "training.validate_every=1", *QUICK]
    return Plan(CONFIG, quick, read_space(None, list(vary)))


def test_the_command_leaves_a_page_a_table_and_the_best_config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = [f"runs={tmp_path}", "training.epochs=1", *QUICK]
    lr = ["--vary", "optimizer.lr=[0.01, 0.00001]"]
    assert main(["tune", "--config", CONFIG, *quick, "--trials", "3", *lr]) == 0
    folder = tmp_path / "vanilla-tune"
    best = load_config(folder / "best.yaml")
    assert (best.optimizer.lr, best.name, best.training.epochs) == (0.01, "vanilla-best", 1)
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "3 trials: 3 complete, " in page
    assert "up to 1 epoch a trial" in page
    assert "Best PSNR, dB, on the val split" in page
    output = capsys.readouterr().out
    assert "trial-002" in output
    assert re.search(r"trial 3 of 3  complete  PSNR, dB \d+\.\d{4}  ", output)
    assert str(folder / "best.yaml") in output
    assert not list(folder.glob("trial-*/checkpoints"))
    assert len(list(folder.glob("trial-*/model.safetensors"))) == 3
    assert "pruned" not in page
    # The same again trains nothing, and writes the page and the config again.
    (folder / "report.html").unlink()
    (folder / "best.yaml").unlink()
    assert main(["tune", "--config", CONFIG, *quick, "--trials", "3", *lr]) == 0
    assert len(list(folder.glob("trial-*"))) == 3
    assert (folder / "report.html").read_text() == page
    assert load_config(folder / "best.yaml") == best
    assert capsys.readouterr().err.startswith(f"{folder}: 3 of 3 trials are over\n")


def test_a_grid_trains_every_combination_with_every_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quick = [f"runs={tmp_path}", "training.epochs=1", *QUICK]
    command = ["tune", "--config", CONFIG, *quick, "--vary", "optimizer.lr=[0.001, 0.01]", "--json"]
    table = tmp_path / "grid.json"
    assert main([*command, str(table), "--seeds", "1"]) == 0
    before = json.loads(table.read_text())
    # One more seed trains that one alone.
    assert main([*command, str(table), "--seeds", "2"]) == 0
    trials = json.loads(table.read_text())
    assert trials[:2] == before
    values = {(trial["settings"]["optimizer.lr"], trial["settings"]["seed"]): trial["value"] for trial in trials}
    assert list(values) == [(0.001, 0), (0.01, 0), (0.001, 1), (0.01, 1)]
    assert len(set(values.values())) == 4
    rows = capsys.readouterr().out.split("standard deviation")[-1]
    mean = statistics.mean([values[0.01, 0], values[0.01, 1]])
    assert f"{mean:.4f}" in rows
    assert f"{abs(values[0.01, 0] - values[0.01, 1]) / 2**0.5:.4f}" in rows
    folder = tmp_path / "vanilla-grid"
    best = load_config(folder / "best.yaml")
    assert (best.optimizer.lr, best.name) == (0.01, "vanilla-best")
    page = (folder / "report.html").read_text()
    assert f"{mean:.4f}" in page
    assert "Best mean PSNR, dB, on the val split" in page
    with (folder / "trial-003" / "metrics.csv").open(newline="") as file:
        assert float(list(csv.DictReader(file))[-1]["val_psnr"]) == values[0.01, 1]


@pytest.mark.parametrize(
    ("vary", "message"),
    [("optimizer.lr={low: 1e-3, high: 1e-2}", "optimizer.lr: is a range"), ("seed=[1, 2]", "seed: varies already")],
)
def test_a_grid_takes_choices_and_its_own_seeds(vary: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        Plan(CONFIG, [f"runs={tmp_path}"], read_space(None, [vary]), seeds=2)


def test_a_stopped_search_goes_on_with_the_trial_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = "optimizer.lr={low: 1e-3, high: 1e-2, log: true}"
    whole = search(plan(tmp_path / "whole", space, epochs=2), 2)
    began: list[int] = []
    end_epoch = TrialTrainer.end_epoch

    def stops(self: TrialTrainer, *arguments: Any) -> None:
        end_epoch(self, *arguments)
        if self.trial.number == 1 and self.position.epoch == 1:
            raise KeyboardInterrupt

    def notes(self: Trainer, *arguments: Any) -> None:
        began.append(self.position.epoch)
        train_epoch(self, *arguments)

    train_epoch = Trainer.train_epoch
    stopped = plan(tmp_path / "stopped", space, epochs=2)
    with monkeypatch.context() as patch:
        patch.setattr(TrialTrainer, "end_epoch", stops)
        with pytest.raises(KeyboardInterrupt):
            search(stopped, 2)
    monkeypatch.setattr(Trainer, "train_epoch", notes)
    study = search(stopped, 2)
    assert began == [1]
    finished = study.get_trials(states=(TrialState.COMPLETE,))
    for trial, other in zip(finished, whole.trials, strict=True):
        assert (trial.params, trial.value, trial.intermediate_values) == (
            other.params,
            other.value,
            other.intermediate_values,
        )
    with (stopped.folder / "trial-001" / "metrics.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2


def test_a_trial_worse_than_the_median_is_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "STARTUP_TRIALS", 1)
    searched = plan(tmp_path, "optimizer.lr=[0.01, 1e-7]", epochs=3)
    searched.folder.mkdir()
    study = tuning.open_study(searched)
    for lr in (0.01, 1e-7):
        study.enqueue_trial({"optimizer.lr": str(lr)})
    good, bad = search(searched, 2).trials
    assert (good.state, bad.state) == (TrialState.COMPLETE, TrialState.PRUNED)
    assert (list(good.intermediate_values), list(bad.intermediate_values)) == ([1, 2, 3], [1])


def test_a_trial_that_fails_is_noted_and_three_at_the_start_end_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[UserError | float] = [UserError("the loss is nan"), 0.5, *[UserError("no memory")] * 3]

    def train(config: Config, trial: optuna.Trial) -> tuple[float, float]:
        outcome = outcomes.pop(0)
        if isinstance(outcome, UserError):
            raise outcome
        return outcome, outcome

    monkeypatch.setattr(tuning, "train", train)
    searched = plan(tmp_path, "optimizer.lr=[0.01]")
    study = search(searched, 5)
    assert [trial.state == TrialState.FAIL for trial in study.trials] == [True, False, True, True, True]
    assert study.trials[0].user_attrs["error"] == "the loss is nan"
    outcomes = [UserError(f"no data, {index}") for index in range(9)]
    other = plan(tmp_path / "other", "optimizer.lr=[0.01]")
    with pytest.raises(UserError, match="the first 3 trials failed, the last one so: no data, 2"):
        search(other, 5)


def test_a_folder_with_another_search_is_refused(tmp_path: Path) -> None:
    search(plan(tmp_path, "optimizer.lr=[0.01]"), 1)
    with pytest.raises(UserError, match="holds a search of other settings"):
        search(plan(tmp_path, "optimizer.lr=[0.02]"), 1)


def test_a_wrong_key_is_found_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"optimizer\.rate: unknown setting"):
        search(plan(tmp_path, "optimizer.rate=[0.01]"), 1)
    assert not list(tmp_path.iterdir())


def test_shares_are_in_per_cent_on_pages_and_in_0_to_1_on_terminals() -> None:
    assert as_text(0.41234, "mean IoU") == "41.23 %"
    assert as_text(0.41234) == "0.4123"
    assert as_text(31.5, "PSNR, dB") == "31.5000"
    assert as_text(None, "accuracy") == "–"


def test_figures_against_a_setting_have_ticks_that_do_not_collide() -> None:
    rates = optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)
    decay = optuna.distributions.FloatDistribution(0, 0.00012345)
    trials = [
        optuna.trial.create_trial(
            params={"lr": 10.0 ** (-5 + number), "decay": 0.00003 * number},
            distributions={"lr": rates, "decay": decay},
            value=0.1 * number,
        )
        for number in range(5)
    ]
    for key in ("lr", "decay"):
        figure = values_against(trials, key, "mean IoU")
        figure.draw_without_rendering()
        axis = figure.axes[0]
        low, high = axis.get_xlim()
        boxes = [
            label.get_window_extent()
            for tick, label in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
            if low <= tick <= high
        ]
        assert len(boxes) > 1
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes)), key
        assert all(label.get_text().endswith("%") for label in axis.get_yticklabels())
