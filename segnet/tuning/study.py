"""A search or a grid that continues after an interruption: ask for a trial, train it, report its value."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import OptunaError, StorageInternalError
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from segnet.config import Config
from segnet.config_file import dump_config, load_config
from segnet.errors import UserError, first_line
from segnet.files import write_atomically
from segnet.lock import lock_file
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics
from segnet.terminal import say
from segnet.training.early_checks import check_early, check_first_sample
from segnet.training.launch import launch
from segnet.training.log import Log
from segnet.training.loop import Trainer
from segnet.training.tasks.build import TASKS
from segnet.tuning.grid import groups, queue, with_seeds
from segnet.tuning.space import Space, as_json, first_point, suggest

STARTUP_TRIALS = 5
"""Trials drawn at random, and run to the end, before the search chooses and prunes."""

FIRST_FAILURES = 3
"""So many trials that fail before one succeeds are a mistake in the config, not in its varied settings."""


@dataclass
class Plan:
    """What is searched.

    Attributes:
        config_path: YAML file of the experiment.
        overrides: ``key=value`` of all trials.
        space: of the settings that vary.
        seeds: of each combination of the choices, which are all trained; None: Optuna chooses.
    """

    config_path: str
    overrides: list[str]
    space: Space
    seeds: int | None = None

    def __post_init__(self) -> None:
        if self.seeds is not None:
            self.space = with_seeds(self.space)

    def config(self, settings: dict[str, Any], name: str) -> Config:
        """The config file with settings replaced, its name ended with ``name``."""
        varied = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
        config = load_config(self.config_path, [*self.overrides, *varied])
        folder = Path(config.runs, config.name + name)
        return config.model_copy(update={"runs": str(folder.parent), "name": folder.name})

    @property
    def base(self) -> Config:
        """With settings from the space, so that a key or a value that is wrong is found before anything is trained."""
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
        """Of the folder's name; a grid and a search of the same config have a folder each."""
        return "-tune" if self.seeds is None else "-grid"


def search(
    plan: Plan, trials: int = 0, after_each: Callable[[optuna.Study, int], object] = lambda _study, _trials: None
) -> optuna.Study:
    """Train until the study holds ``trials`` trials that are over, or all those of the plan's grid.

    A trial that was interrupted goes on from its checkpoint first.

    Args:
        plan: what is searched.
        trials: complete, pruned and failed ones count.
        after_each: called with the study and the number of trials after each.

    Raises:
        UserError: the study in the folder is of another plan, or the first trials all fail.
        KeyboardInterrupt: asked to stop; the same call goes on.
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
            say(f"{plan.folder}: {done} of {trials} trials are over; going on")
        while (index := len(over(study))) < trials:
            # A sampler's generator is not in the file: seeded by the trial, it draws the same in a study that goes on.
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
    """One search a folder: what another one is training must not be taken for interrupted."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = lock_file(folder / ".lock")
    except BlockingIOError:
        raise UserError(f"{folder}: another search writes to this folder; set name= to another") from None
    with lock:
        yield


@contextmanager
def unwritable_study_named(path: Path) -> Iterator[None]:
    """Turns what SQLite says when it cannot write, as on a full disk, into a sentence."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = getattr(cause, "orig", None) or cause
        raise UserError(
            f"{path}: cannot be written ({first_line(reason)}); make room there; the same command goes on"
        ) from None


def open_study(plan: Plan) -> optuna.Study:
    """The study of the plan's folder, which is made where there is none."""
    # In its first epochs a network tells little of its last ones.
    warmup = plan.base.training.epochs // 4
    median = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=warmup)
    pruner = median if plan.seeds is None else optuna.pruners.NopPruner()
    path = plan.folder / "study.db"
    left = [folder for folder in plan.folder.glob("trial-*") if folder.is_dir()]
    if left and not path.exists():
        raise UserError(
            f"{plan.folder}: holds {len(left)} trial folders, but no study.db, which says what they are of; put it "
            "back, set name= to another, or remove the folder"
        )
    try:
        study = optuna.create_study(
            study_name="tune",
            storage=f"sqlite:///{path}",
            pruner=pruner,
            direction="maximize",
            load_if_exists=True,
        )
        attributes = study.user_attrs
        study.get_trials()
    except (SQLAlchemyError, OptunaError, RuntimeError, ValueError, KeyError) as error:
        raise UserError(
            f"{path}: cannot be read as a search ({first_line(error)}); move it away to begin a new search"
        ) from None
    plan_text = f"{dump_config(plan.base)}\n{as_json(plan.space)}"
    if attributes.get("plan", plan_text) != plan_text:
        raise UserError(f"{plan.folder}: holds a search of other settings; set name= to another, or remove the folder")
    study.set_user_attr("plan", plan_text)
    return study


def requeue_interrupted(study: optuna.Study) -> None:
    """Trials that a stopped search left running come again, with their settings and in their folder."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params, user_attrs={"folder": folder_of(trial)})


def over(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that are complete, pruned or failed; not those that were interrupted and came again."""
    finished = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
    return [trial for trial in finished if trial.state != TrialState.FAIL or "error" in trial.user_attrs]


def folder_of(trial: FrozenTrial | optuna.Trial) -> str:
    """Name of a trial's run folder; one that came again has the first one's."""
    return str(trial.user_attrs.get("folder", f"trial-{trial.number:03d}"))


def run_trial(plan: Plan, study: optuna.Study, trial: optuna.Trial) -> None:
    """Train one trial and tell the study how it went."""
    settings = suggest(trial, plan.space)
    trial.set_user_attr("settings", settings)
    try:
        config = plan.config(settings, f"{plan.ending}/{folder_of(trial)}")
        best, last = train(config, trial)
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except UserError as error:
        trial.set_user_attr("error", str(error))
        study.tell(trial, state=TrialState.FAIL)
        states = {each.state for each in over(study)}
        if states == {TrialState.FAIL} and len(over(study)) >= FIRST_FAILURES:
            raise UserError(f"the first {FIRST_FAILURES} trials failed, the last one so: {error}") from None
        return
    else:
        # The best of several epochs is too high by the more, the more they vary: seeds are compared at the end.
        study.tell(trial, best if plan.seeds is None else last)
    # A trial that is over is not gone on with; its best weights stay.
    shutil.rmtree(RunFolder(config.run_folder).checkpoints, ignore_errors=True)


class TrialTrainer(Trainer):
    """Tells its trial each measurement, and ends where the trial is worse than most were by then."""

    trial: optuna.Trial

    def measure(self, log: Log) -> dict[str, float]:
        measures = super().measure(log)
        self.trial.report(measures[self.task.monitor], self.position.epoch + 1)
        return measures

    def end_epoch(self, *arguments: Any) -> None:
        super().end_epoch(*arguments)
        if self.trial.should_prune():
            raise optuna.TrialPruned

    def report_before(self, rows: list[dict[str, str]]) -> None:
        """What was measured before the trial was interrupted."""
        for row in rows:
            if row.get(self.task.monitor):
                self.trial.report(float(row[self.task.monitor]), int(row["epoch"]))


def train(config: Config, trial: optuna.Trial) -> tuple[float, float]:
    """Run a trial to its end, or raise ``TrialPruned``; the best and the last value of the task's measure."""
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
    """``best.yaml``: the whole config of the best trial, ready to train; None where no trial is complete."""
    if not study.get_trials(states=(TrialState.COMPLETE,)):
        return None
    best = study.best_trial.user_attrs["settings"] if plan.seeds is None else groups(over(study))[0].settings
    path = plan.folder / "best.yaml"
    write_atomically(path, dump_config(plan.config(best, "-best")))
    return path
