"""The run folder: who may write to it, what a new run clears, and the table of epochs."""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from segnet.config import Config
from segnet.config_file import load_config
from segnet.errors import UserError
from segnet.run_folder import RunFolder
from segnet.run_tables import MetricsTable


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
    with pytest.raises(UserError, match="no run to go on from; leave --resume out to begin it"):
        RunFolder(settings.run_folder).open(settings, resume=True)
    assert not (tmp_path / "run").exists()


def test_resuming_needs_a_checkpoint_where_epochs_are_done(tmp_path: Path) -> None:
    run = begin(config(tmp_path))
    run.last_checkpoint.unlink()
    # Killed within the first epoch's end: it begins at the start.
    measured(run, epochs=1)
    run.open(config(tmp_path), resume=True).close()
    measured(run, epochs=2)
    with pytest.raises(UserError, match="has no checkpoint to go on from; train under another name"):
        run.open(config(tmp_path, training={"epochs": 2}), resume=True)


def test_the_same_settings_may_go_on_on_another_machine(tmp_path: Path) -> None:
    run = begin(config(tmp_path))
    elsewhere = config(
        tmp_path, data={"root": "/elsewhere", "workers": 7}, training={"epochs": 1, "accelerator": "cpu"}
    )
    run.open(elsewhere, resume=True).close()
    assert run.last_checkpoint.exists()
    assert "# " not in run.config_path.read_text()


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"seed": 4}, "seed is 0, but now 4, which may not change"),
        ({"training": {"epochs": 1, "batch_size": 8}}, "training.batch_size is 4, but now 8,"),
        ({"data": {"train": "train+val"}}, 'data.train is "train", but now "train\\+val",'),
        ({"model": {"name": "segnet_basic"}}, 'model.name is "segnet", but now "segnet_basic",'),
        ({"model": {"name": "segnet", "dropout": 0.1}}, "model.dropout is null, but now 0.1,"),
    ],
)
def test_other_settings_may_not(tmp_path: Path, changed: dict[str, Any], line: str) -> None:
    begin(config(tmp_path))
    other = config(tmp_path, **changed)
    with pytest.raises(UserError, match=f"config.yaml: {line}"):
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
    with pytest.raises(UserError, match=r"sampling\.rare is 0\.0, but now 0\.5"):
        run.open(config(tmp_path, sampling={"rare": 0.5}), resume=True)


def test_a_change_that_matters_is_said_and_noted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = begin(config(tmp_path))
    measured(run, epochs=1)
    longer = config(tmp_path, training={"epochs": 3}, optimizer={"lr": 3e-4})
    for _ in range(2):
        run.open(longer, resume=True).close()
    assert run.read_config() == longer
    notes = [line for line in run.config_path.read_text().splitlines() if line.startswith("#")]
    wanted = ["optimizer.lr=0.0003 (before: 0.001) from epoch 2 on", "training.epochs=3 (before: 1) from epoch 2 on"]
    assert notes == [f"# {line}" for line in wanted]
    assert capsys.readouterr().err.splitlines() == [f"{run.path}: {line}" for line in wanted]


def test_fewer_epochs_than_are_done_are_refused(tmp_path: Path) -> None:
    run = begin(config(tmp_path, training={"epochs": 9}))
    measured(run, epochs=3)
    with pytest.raises(UserError, match=r"training\.epochs=2, but 3 epochs are done; set training\.epochs=3 to"):
        run.open(config(tmp_path, training={"epochs": 2}), resume=True)
    run.open(config(tmp_path, training={"epochs": 3}), resume=True).close()


OWN_FILES = ("model.safetensors", "config.json", "report.html", "evaluation.npz", "per_class.csv", "metrics.json")
USERS_FILES = ("notes.txt", "my.csv", "checkpoints/epoch50.pt")


def measured(run: RunFolder, epochs: int = 2) -> RunFolder:
    """``run`` with all that a training of so many epochs leaves, each file with its own name in it."""
    for name in OWN_FILES:
        (run.path / name).write_text(name)
    table = MetricsTable(run.metrics_csv)
    for epoch in range(1, epochs + 1):
        table.add({"epoch": epoch, "val_mean_iou": 0.5 + epoch / 100})
    return run


def files(folder: Path) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found - {".lock"}


def test_a_run_is_not_trained_over(tmp_path: Path) -> None:
    run = measured(begin(config(tmp_path)))
    before = files(run.path)
    line = (
        r"run: holds a run already: 2 of 1 epochs, best val_mean_iou 0\.5200 in epoch 2, last written 20\d\d-.*; "
        "go on with --resume, train under another name with name=NAME, or replace the run with --overwrite"
    )
    for look in (run.check, run.open):
        with pytest.raises(UserError, match=line):
            look(config(tmp_path))
    assert files(run.path) == before


def test_a_run_that_failed_at_once_is_trained_over(tmp_path: Path) -> None:
    run = begin(config(tmp_path))
    run.last_checkpoint.unlink()
    (run.path / "bad_batches.json").write_text("[]")
    run.open(config(tmp_path, seed=1)).close()
    assert files(run.path) == {"config.yaml"}


def test_an_overwritten_run_is_set_aside_until_the_new_one_is_measured(tmp_path: Path) -> None:
    run = measured(begin(config(tmp_path)))
    for name in USERS_FILES:
        (run.path / name).write_text("mine")
    old = files(run.path) - set(USERS_FILES)
    run.open(config(tmp_path, seed=1), overwrite=True).close()
    assert files(run.replaced) == old
    assert files(run.path) == {f"replaced/{name}" for name in old} | {"config.yaml", *USERS_FILES}
    run.last_checkpoint.write_bytes(b"new state")
    measured(run, epochs=1)
    run.drop_replaced()
    assert not run.replaced.exists()
    assert run.last_checkpoint.read_bytes() == b"new state"
    assert files(run.path) >= set(USERS_FILES)


def test_an_overwritten_run_comes_back_where_the_new_one_left_nothing(tmp_path: Path) -> None:
    run = measured(begin(config(tmp_path)))
    old = files(run.path)
    run.open(config(tmp_path, seed=1), overwrite=True).close()
    # The next command sees the old run, whose settings are not the new one's.
    with pytest.raises(UserError, match="holds a run already: 2 of 1 epochs"):
        run.check(config(tmp_path, seed=1))
    run.open(config(tmp_path, training={"epochs": 2}), resume=True).close()
    assert files(run.path) == old
    assert run.last_checkpoint.read_bytes() == b"state"


def test_overwriting_twice_keeps_the_run_that_was_measured(tmp_path: Path) -> None:
    run = measured(begin(config(tmp_path)))
    for seed in (1, 2):
        run.open(config(tmp_path, seed=seed), overwrite=True).close()
        run.last_checkpoint.write_bytes(b"not measured yet")
    old = RunFolder(run.replaced)
    assert old.last_checkpoint.read_bytes() == b"state"
    assert (old.read_config() or config(tmp_path, seed=9)).seed == 0


@pytest.mark.parametrize("stop", range(0, 12))
def test_a_kill_while_a_run_is_set_aside_loses_nothing(
    stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = measured(begin(config(tmp_path)))
    old = files(run.path)
    calls = iter(range(stop))
    replace = Path.replace

    def dying(path: Path, target: Path) -> Path:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(Path, "replace", dying)
        run.open(config(tmp_path, seed=1), overwrite=True).close()
    with pytest.raises(UserError, match="holds a run already"):
        run.check(config(tmp_path))
    run.open(config(tmp_path, training={"epochs": 2}), resume=True).close()
    assert files(run.path) == old


def test_a_run_that_was_measured_as_its_process_was_killed_replaces_the_other(tmp_path: Path) -> None:
    run = measured(begin(config(tmp_path)))
    run.open(config(tmp_path, seed=1), overwrite=True).close()
    run.last_checkpoint.write_bytes(b"new state")
    measured(run, epochs=1)
    run.open(config(tmp_path, seed=1), resume=True).close()
    assert not run.replaced.exists()
    assert run.last_checkpoint.read_bytes() == b"new state"


def test_files_of_the_user_stay_when_a_run_is_replaced(tmp_path: Path) -> None:
    run = measured(begin(config(tmp_path)))
    run.open(config(tmp_path, seed=1), overwrite=True).close()
    (run.replaced / "notes.txt").write_text("mine")
    measured(run)
    run.drop_replaced()
    assert files(run.replaced) == {"notes.txt"}
    with pytest.raises(UserError, match="replaced: holds files that no training wrote; move them to another folder"):
        run.open(config(tmp_path, seed=2), overwrite=True)
    assert run.weights.exists()


def test_the_table_drops_the_epochs_that_are_trained_again(tmp_path: Path) -> None:
    table = MetricsTable(tmp_path / "metrics.csv")
    for epoch in (1, 2, 3):
        table.add({"epoch": epoch, "loss": 1 / epoch, **({"val": 0.5} if epoch == 2 else {})})
    resumed = MetricsTable(table.path)
    resumed.load(before_epoch=3)
    resumed.add({"epoch": 3, "loss": 0.25})
    assert table.path.read_text().splitlines() == ["epoch,loss,val", "1,1.0,", "2,0.5,0.5", "3,0.25,"]
