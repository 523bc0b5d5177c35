"""Searches that are stopped, that have no room, or whose file is damaged or another's."""

import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import optuna
import pytest

from segnet.errors import UserError
from segnet.tuning.study_file import read_study
from tests.faults.conftest import Begin, Training
from tests.faults.programs import limit_file_size, raise_at_step, segnet, without_report
from tests.faults.rows import Row, fault
from tests.faults.test_runs import digests


def tune(training: Training, *words: str) -> list[str]:
    quick = ["training.epochs=1", "--vary", "optimizer.lr=[0.01,0.02]", "--trials", "2"]
    return ["tune", "--config", str(training.config), *quick, *words]


@fault(
    "Searches",
    "Ctrl-C in the second trial of a search",
    shown="stopped in trial 2 of 2; the same command goes on from there",
    code=130,
    kept="the first trial; the same command says how many trials are over, and resumes the second from its checkpoint",
)
def test_a_stopped_search_resumes_its_trial(begin: Begin, tmp_path: Path, row: Row) -> None:
    training = begin()
    code, errors = segnet(*tune(training), before=[partial(raise_at_step, signal.SIGINT, 7)])
    row.check(code, errors)
    assert "trial 1 of 2: trial-000" in errors
    assert "trial 1 of 2  complete" in errors
    code, errors = segnet(*tune(training))
    assert code == 0, errors
    assert "1 of 2 trials are over; going on" in errors
    assert "trial 2 of 2: trial-001" in errors
    assert sorted(path.name for path in (tmp_path / "run-tune").glob("trial-*")) == ["trial-000", "trial-001"]


@fault(
    "Searches",
    "the `study.db` of a search was deleted, and its trials are still there",
    shown="run-tune: holds 1 trial folders, but no study.db, which says what they belong to; put it back, set name= to "
    "another, or remove the folder",
    kept="the trials, unchanged",
)
def test_a_search_without_its_study(begin: Begin, tmp_path: Path, row: Row) -> None:
    training = begin()
    folder = tmp_path / "run-tune"
    (folder / "trial-000").mkdir(parents=True)
    (folder / "trial-000" / "model.safetensors").write_bytes(b"weights")
    row.check(*segnet(*tune(training)))
    assert digests(folder).keys() == {"trial-000/model.safetensors"}
    assert not (folder / "study.db").exists()


@fault(
    "Searches",
    "no room on the disk for the `study.db` of a search",
    shown="study.db: cannot be …",
    kept="the trials that are over",
)
def test_no_room_for_a_study(begin: Begin, row: Row) -> None:
    row.check(*segnet(*tune(begin()), before=[partial(limit_file_size, 30_000)]))


def edited(path: Path, command: str) -> None:
    """Change a database as any program may."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(command)


def replaced(path: Path) -> None:
    path.unlink()
    edited(path, "create table other (number)")


STUDIES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "another program's": lambda path: replaced(path),
    "another name": lambda path: edited(path, "update studies set study_name='other'"),
    "without settings": lambda path: edited(path, "delete from trial_user_attributes"),
    "settings that are no JSON": lambda path: edited(path, "update trial_user_attributes set value_json='nothing'"),
    "an infinite value": lambda path: edited(path, "update trial_values set value=NULL, value_type='INF_POS'"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:4096]),
}


@fault(
    "Searches",
    "a `study.db` that is cut, empty, another program's, or lacks what belongs to the trials beside it",
    shown="run-tune…; …",
    kept="the trials and the file, unchanged",
)
def test_a_study_that_does_not_fit_its_trials(begin: Begin, tmp_path: Path, row: Row) -> None:
    words = tune(begin(epochs=1))
    code, errors = segnet(*words, before=[without_report])
    assert code == 0, errors
    path = tmp_path / "run-tune" / "study.db"
    whole = path.read_bytes()
    before = digests(path.parent)
    for change in STUDIES.values():
        path.write_bytes(whole)
        change(path)
        row.check(*segnet(*words))
        after = digests(path.parent)
        assert {name: digest for name, digest in after.items() if name != "study.db"} == {
            name: digest for name, digest in before.items() if name != "study.db"
        }


@fault(
    "Searches",
    "a `study.db` that another program holds",
    shown="study.db: another program holds it (database is locked); end that one, then give the command again",
    kept="the trials and the file, unchanged",
)
def test_a_study_in_use(tmp_path: Path, row: Row) -> None:
    path = tmp_path / "study.db"
    pruner = optuna.pruners.NopPruner()
    read_study(path, pruner, {"optimizer.lr"})
    with closing(sqlite3.connect(path, isolation_level=None)) as database, pytest.MonkeyPatch.context() as patch:
        database.execute("begin exclusive")
        # SQLite waits five seconds by itself.
        connect = sqlite3.connect
        patch.setattr(sqlite3, "connect", lambda *given, **options: connect(*given, **options | {"timeout": 0.01}))
        with pytest.raises(UserError) as error:
            read_study(path, pruner, {"optimizer.lr"})
    row.check_line(str(error.value))


@pytest.mark.parametrize("key", ["name", "runs"])
@fault(
    "Searches",
    "`--vary` with a setting that says where the trials are written",
    shown="…: says where the trials are written, so it cannot vary; set …=VALUE for all of them",
    kept="nothing is written",
)
def test_places_do_not_vary(key: str, tmp_path: Path, row: Row) -> None:
    row.check(*segnet("tune", "--config", "camvid/segnet_lite", "--vary", f"{key}=[a,b]", f"runs={tmp_path}"))
    assert not list(tmp_path.iterdir())
