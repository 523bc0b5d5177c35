"""The file of a search, ``study.db``: an SQLite database that Optuna reads and writes. It may be damaged or in use."""

import math
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import OptunaError, StorageInternalError
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from segnet.errors import UserError, first_line

LOCKED = "database is locked"


def read_study(path: Path, pruner: BasePruner, settings: Set[str]) -> optuna.Study:
    """The study in a file, which is created if it does not exist.

    Args:
        path: the file; the trials' folders are beside it.
        pruner: decides which trials end early.
        settings: the keys that vary.

    Raises:
        UserError: the file is damaged, another program's, in use, or does not list the trials beside it.
    """
    folders = {folder.name for folder in path.parent.glob("trial-*") if folder.is_dir()}
    if folders and not path.exists():
        raise not_listed(path, folders, "but no study.db, which says what they belong to")
    try:
        study = optuna.create_study(
            study_name="tune", storage=f"sqlite:///{path}", pruner=pruner, direction="maximize", load_if_exists=True
        )
        trials = study.get_trials()
        check_trials(study, settings)
    except (SQLAlchemyError, OptunaError, RuntimeError, ValueError, KeyError) as error:
        if LOCKED in str(error):
            raise in_use(path) from None
        raise UserError(
            f"{path}: cannot be read as a search ({first_line(error)}); move it away to begin a new search"
        ) from None
    if unknown := folders - {folder_of(trial) for trial in trials}:
        raise not_listed(path, unknown, f"which its {path.name} does not list")
    return study


def not_listed(path: Path, folders: Set[str], why: str) -> UserError:
    return UserError(
        f"{path.parent}: holds {len(folders)} trial folders, {why}; put it back, set name= to another, or remove the "
        "folder"
    )


def in_use(path: Path) -> UserError:
    return UserError(f"{path}: another program holds it ({LOCKED}); end that one, then give the command again")


def check_trials(study: optuna.Study, settings: Set[str]) -> None:
    """Raise ValueError if a trial that is over lacks its settings or its value."""
    for trial in over(study):
        found = trial.user_attrs.get("settings")
        if not isinstance(found, dict) or found.keys() != settings:
            raise ValueError(f"trial {trial.number} is of other settings")
        if trial.state == TrialState.COMPLETE and not (trial.value is not None and math.isfinite(trial.value)):
            raise ValueError(f"trial {trial.number} has the value {trial.value}")


@contextmanager
def unwritable_study_named(path: Path) -> Iterator[None]:
    """Turn SQLite's error when it cannot write, as on a full disk, into a sentence."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = getattr(cause, "orig", None) or cause
        if LOCKED in str(reason):
            raise in_use(path) from None
        raise UserError(
            f"{path}: cannot be written ({first_line(reason)}); make room there; the same command goes on"
        ) from None


def over(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that are complete, pruned or failed, but not those that were interrupted and queued again."""
    finished = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
    return [trial for trial in finished if trial.state != TrialState.FAIL or "error" in trial.user_attrs]


def folder_of(trial: FrozenTrial | optuna.Trial) -> str:
    """Name of a trial's run folder. A trial that was queued again has the folder of the first one."""
    return str(trial.user_attrs.get("folder", f"trial-{trial.number:03d}"))
