"""A search or a grid that continues after an interruption: ask for a trial, train it, report its value."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from segnet.config import Config
from segnet.config_file import dump_config, load_config
from segnet.errors import UserError
from segnet.files import write_atomically
from segnet.lock import lock_file
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics
from segnet.terminal import say
from segnet.training.early_checks import check_early, check_first_sample
from segnet.training.launch import launch
from segnet.training.log import Log
from segnet.training.loop import Trainer
from segnet.training.stopping import PrunedError
from segnet.training.tasks.build import TASKS
from segnet.tuning.grid import groups, queue, with_seeds
from segnet.tuning.space import Space, as_json, first_point, suggest
from segnet.tuning.study_file import folder_of, over, read_study, unwritable_study_named

STARTUP_TRIALS = 5
"""So many trials are drawn at random and run to the end before the search chooses and prunes."""

FIRST_FAILURES = 3
"""If so many trials fail before one succeeds, the mistake is in the config and not in its varied settings."""


@dataclass
class Plan:
    """The settings of a search or a grid.

    Attributes:
        config_path: YAML file of the experiment.
        overrides: ``key=value`` for all trials.
        space: the settings that vary.
        seeds: number of seeds for each combination of the choices; None: Optuna chooses the settings.
    """

    config_path: str
    overrides: list[str]
    space: Space
    seeds: int | None = None

    def __post_init__(self) -> None:
        if self.seeds is not None:
            self.space = with_seeds(self.space)

    def config(self, settings: dict[str, Any], name: str) -> Config:
        """The config with ``settings`` replaced, and with ``name`` at the end of its name."""
        varied = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
        config = load_config(self.config_path, [*self.overrides, *varied])
        folder = Path(config.runs, config.name + name)
        return config.model_copy(update={"runs": str(folder.parent), "name": folder.name})

    @property
    def base(self) -> Config:
        """The config with settings from the space, so that a wrong key or value is found before anything is trained."""
        config = self.config(first_point(self.space), "")
        if config.training.devices > 1:
            raise UserError("training.devices: a trial is trained on one process; set training.devices=1")
        return config

    @property
    def folder(self) -> Path:
        config = self.base
        return Path(config.runs) / f"{config.name}{self.ending}"

    @property
    def ending(self) -> str:
        """The end of the folder's name. A grid and a search of the same config have different folders."""
        return "-tune" if self.seeds is None else "-grid"


def search(
    plan: Plan, trials: int = 0, after_each: Callable[[optuna.Study, int], object] = lambda _study, _trials: None
) -> optuna.Study:
    """Train until ``trials`` trials of the study are over, or all trials of the plan's grid.

    An interrupted trial is resumed first.

    Args:
        plan: the settings of the search.
        trials: number of trials; complete, pruned and failed ones count.
        after_each: called with the study and the number of trials after each.

    Raises:
        UserError: the study in the folder belongs to another plan, or the first trials all fail.
        KeyboardInterrupt: the search was asked to stop; the same call goes on.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    base = plan.base
    check_early(base)
    with locked(plan.folder), unwritable_study_named(plan.folder / "study.db"):
        study = open_study(plan)
        requeue_interrupted(study)
        if plan.seeds is not None:
            trials = queue(study, plan.space, plan.seeds)
        if done := len(over(study)):
            say(f"{plan.folder}: {done} of {trials} trials are over{'; going on' if done < trials else ''}")
        while (index := len(over(study))) < trials:
            # The file does not hold the state of the sampler. A seed for each trial makes a resumed study draw the
            # same.
            study.sampler = optuna.samplers.TPESampler(seed=base.seed + index, n_startup_trials=STARTUP_TRIALS)
            trial = study.ask()
            say(f"trial {index + 1} of {trials}: {folder_of(trial)}")
            try:
                run_trial(plan, study, trial)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"stopped in trial {index + 1} of {trials}; the same command goes on from there"
                ) from None
            after_each(study, trials)
    return study


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Allow one search for each folder, because a trial that another search is training would seem interrupted."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = lock_file(folder / ".lock")
    except BlockingIOError:
        raise UserError(f"{folder}: another search writes to this folder; set name= to another") from None
    with lock:
        yield


def open_study(plan: Plan) -> optuna.Study:
    """The study in the plan's folder, which is created if it does not exist."""
    # The first epochs of a network say little about its last ones.
    warmup = plan.base.training.epochs // 4
    median = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=warmup)
    pruner = median if plan.seeds is None else optuna.pruners.NopPruner()
    study = read_study(plan.folder / "study.db", pruner, plan.space.keys())
    plan_text = f"{dump_config(plan.base)}\n{as_json(plan.space)}"
    if study.user_attrs.get("plan", plan_text) != plan_text:
        raise UserError(f"{plan.folder}: holds a search of other settings; set name= to another, or remove the folder")
    study.set_user_attr("plan", plan_text)
    return study


def requeue_interrupted(study: optuna.Study) -> None:
    """Queue again the trials that a stopped search left running, with their settings and in their folders."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params, user_attrs={"folder": folder_of(trial)})


def run_trial(plan: Plan, study: optuna.Study, trial: optuna.Trial) -> None:
    """Train one trial, and tell the study its result."""
    settings = suggest(trial, plan.space)
    trial.set_user_attr("settings", settings)
    try:
        config = plan.config(settings, f"{plan.ending}/{folder_of(trial)}")
        best, last = train(config, trial)
    except PrunedError:
        study.tell(trial, state=TrialState.PRUNED)
    except UserError as error:
        trial.set_user_attr("error", str(error))
        study.tell(trial, state=TrialState.FAIL)
        states = {each.state for each in over(study)}
        if states == {TrialState.FAIL} and len(over(study)) >= FIRST_FAILURES:
            raise UserError(f"the first {FIRST_FAILURES} trials failed, the last one so: {error}") from None
        return
    else:
        # The best of several epochs is biased upwards, more so if they vary more. Seeds are compared at the last epoch.
        study.tell(trial, best if plan.seeds is None else last)
    # A trial that is over is never resumed. Its best weights stay.
    shutil.rmtree(RunFolder(config.run_folder).checkpoints, ignore_errors=True)


class TrialTrainer(Trainer):
    """Reports each measurement to its trial, and ends if the trial is worse than most were at that step."""

    trial: optuna.Trial

    def measure(self, log: Log) -> dict[str, float]:
        measures = super().measure(log)
        self.trial.report(measures[self.task.monitor], self.position.epoch + 1)
        return measures

    def end_epoch(self, *arguments: Any) -> None:
        super().end_epoch(*arguments)
        if self.trial.should_prune():
            raise PrunedError

    def report_before(self, rows: list[dict[str, str]]) -> None:
        """Report the measurements from before the trial was interrupted."""
        for row in rows:
            if row.get(self.task.monitor):
                self.trial.report(float(row[self.task.monitor]), int(row["epoch"]))


def train(config: Config, trial: optuna.Trial) -> tuple[float, float]:
    """Run a trial to its end, and return the best and the last value of the task's measure.

    Raises:
        PrunedError: the trial was pruned.
    """
    fabric, task, run = launch(config), TASKS[config.task](config), RunFolder(config.run_folder)
    resume = run.last_checkpoint.exists()
    check_first_sample(task)
    with run.open(config, resume):
        trainer = TrialTrainer(task, config, fabric, run)
        trainer.trial = trial
        if resume:
            trainer.report_before(read_metrics(run.metrics_csv))
        best = trainer.train(resume).best
    return best, next(float(value) for row in read_metrics(run.metrics_csv)[::-1] if (value := row.get(task.monitor)))


def write_best(plan: Plan, study: optuna.Study) -> Path | None:
    """Write ``best.yaml``, the whole config of the best trial, ready to train; None if no trial is complete."""
    if not study.get_trials(states=(TrialState.COMPLETE,)):
        return None
    best = study.best_trial.user_attrs["settings"] if plan.seeds is None else groups(over(study))[0].settings
    path = plan.folder / "best.yaml"
    write_atomically(path, dump_config(plan.config(best, "-best")))
    return path
