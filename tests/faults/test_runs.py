"""Runs whose name is given again, that are replaced, moved and gone on with under other settings: none is lost."""

import hashlib
import json
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.faults.conftest import Begin, Training, make_training
from tests.faults.programs import die_at_disk_call, kill_at_step, raise_at_step, segnet, without_report
from tests.faults.rows import Row, fault, times

Compare = Callable[[Training], None]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a run, by its path; the lock's is left out."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def finished(undisturbed: Training, begin: Begin) -> Training:
    """A run of its own that has come to its end."""
    training = begin()
    shutil.copytree(undisturbed.folder, training.folder)
    (training.folder / "notes.txt").write_text("mine")
    return training


@fault(
    "Runs",
    "the name of an existing run",
    shown="holds a run already: 2 of 2 epochs, best val_mean_iou 0.…, last written 20…; go on with --resume, train "
    "under another name with name=NAME, or replace the run with --overwrite",
    kept="every file of the run, unchanged; the name is refused before any data are read",
)
def test_the_name_of_a_finished_run(finished: Training, row: Row) -> None:
    before = digests(finished.folder)
    row.check(*finished.run())
    row.check(*finished.run("data.root=/no/such/folder"))
    assert digests(finished.folder) == before


@fault(
    "Runs",
    "`--overwrite`, when the new run fails at its first image",
    shown="cannot be read as an image",
    kept="the old run comes back, every file unchanged",
)
def test_overwriting_fails_at_once(finished: Training, tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    before = digests(finished.folder)
    data = Path(shutil.copytree(tiny_camvid, tmp_path / "data"))
    for file in (data / "train").iterdir():
        file.write_bytes(b"no image")
    row.check(*finished.run("--overwrite", f"data.root={data}"))
    assert digests(finished.folder) == before


@fault(
    "Runs",
    "`--overwrite`, and kill -9 before the new run was measured",
    shown="",
    code=-signal.SIGKILL,
    kept="the whole old run, in the folder `replaced` of the new one; `--resume` resumes the new run, whose "
    "first measured weights replace the old one for good",
)
def test_a_run_survives_kills_while_it_is_set_aside(finished: Training, row: Row, assert_undisturbed: Compare) -> None:
    own = digests(finished.folder).items() - {("notes.txt", hashlib.sha256(b"mine").hexdigest())}
    row.check(*finished.run("--overwrite", before=(without_report, partial(kill_at_step, 3))))
    assert digests(finished.folder / "replaced").items() == own
    finished.resume_to_end()
    assert not (finished.folder / "replaced").exists()
    assert (finished.folder / "notes.txt").read_text() == "mine"
    assert_undisturbed(finished)


@fault(
    "Runs",
    "`--overwrite`, and kill -9 at each call that moves the old run aside",
    shown="",
    code=-signal.SIGKILL,
    kept="every file of the old run; the next command puts it back",
)
def test_setting_aside_is_killed(undisturbed: Training, begin: Begin, row: Row, counted: Callable[[str], None]) -> None:
    numbers = [1, 4, 8, 11] if times(1, 2) == 1 else range(1, 1000)
    killed = 0
    for number in numbers:
        training = begin(f"run{number}")
        shutil.copytree(undisturbed.folder, training.folder)
        before = digests(training.folder)
        stop = partial(die_at_disk_call, number)
        # A step that fails ends the long run's last command, which no call was left to kill.
        code, errors = training.run("--overwrite", before=(without_report, partial(kill_at_step, 1), stop))
        row.check(code, errors)
        killed += 1
        code, errors = training.run()
        assert code == 1, errors
        assert "holds a run already: 2 of 2 epochs" in errors
        training.run("--resume", "training.bad_loss=skip", "data.root=/no/such/folder")
        left = digests(training.folder)
        if "replaced/config.yaml" in left:
            assert {f"replaced/{name}": digest for name, digest in before.items()}.items() <= left.items()
            break
        assert left == before
    counted(f"killed at {killed} calls one after the other; no file of the run was lost")


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/b", "..", "", "a\0b", "a\nb", "\udcff", "n" * 201])
@fault(
    "Runs",
    "a run name that is no folder in `runs`: `../x`, an absolute path, NUL, line breaks, bytes that are "
    "not text, or more than 200 bytes",
    shown="name: …",
    kept="nothing is written, inside `runs` or outside",
)
def test_a_run_name_outside_the_runs_folder_is_refused(name: str, begin: Begin, tmp_path: Path, row: Row) -> None:
    training = begin()
    before = sorted(tmp_path.rglob("*"))
    if name == "":
        # The name is the config file's then, whose own may be a wrong one.
        wrong = training.config.rename(tmp_path / "...yaml")
        wrong.write_text(wrong.read_text().replace("name: run\n", "name: ''\n", 1))
        row.check(*segnet("train", "--config", wrong))
        return
    quoted = name.encode("unicode_escape").decode() if name.isascii() else "\\udcff"
    row.check(*training.run(f'name="{quoted}"'))
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent / "out").exists()


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("training.batch_size=5", "training.batch_size is 2, but now 5,"),
        ("seed=1", "seed is 0, but now 1,"),
        ("augmentation=[]", "augmentation is [{"),
        ("model.widths=[4,4,4,4]", "model.widths is [4, 8, 8, 8], but now [4, 4, 4, 4],"),
    ],
)
@fault(
    "Runs",
    "`--resume` with a setting that may not change",
    shown="config.yaml: … is …, but now …, which may not change as a run goes on; set …, or train under another name "
    "with name=NAME",
    kept="the run, unchanged",
)
def test_resuming_with_other_settings(setting: str, line: str, finished: Training, row: Row) -> None:
    before = digests(finished.folder)
    code, errors = finished.run("--resume", setting)
    row.check(code, errors)
    assert line in errors
    assert digests(finished.folder) == before


@fault(
    "Runs",
    "`--resume` with fewer epochs than are done",
    shown="training.epochs=1, but 2 epochs are done; set training.epochs=2 to end here, or more to go on",
    kept="the run, unchanged",
)
def test_resuming_with_fewer_epochs(finished: Training, row: Row) -> None:
    before = digests(finished.folder)
    row.check(*finished.run("--resume", "training.epochs=1"))
    assert digests(finished.folder) == before


@fault(
    "Runs",
    "`--resume` with a lower learning rate",
    shown="optimizer.lr=0.001 (before: 0.01) from epoch 2 on",
    code=0,
    kept="the run resumes with it; `config.yaml` and the report note the change",
)
def test_resuming_with_another_rate(begin: Begin, row: Row) -> None:
    training = begin()
    code, _ = training.run(before=(without_report, partial(kill_at_step, 7)))
    assert code == -signal.SIGKILL
    row.check(*training.run("--resume", "optimizer.lr=0.001"))
    assert training.config.parent.joinpath("run", "config.yaml").read_text().startswith(f"# {row.shown}\n")
    *_, last = ((training.folder / "metrics.csv").read_text()).splitlines()
    assert float(last.split(",")[2]) < 0.001


@fault(
    "Runs",
    "`--resume training.epochs=4` for a run that ended after 2",
    shown="training.epochs=4 (before: 2) from epoch 3 on",
    code=0,
    kept="the run resumes; with a constant learning rate it ends bit-identical to a run of 4 epochs",
)
def test_resuming_with_more_epochs(tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    short, long = (make_training(tiny_camvid, tmp_path, name, epochs=epochs) for name, epochs in (("a", 2), ("b", 4)))
    constant = ("schedule={name: constant}",)
    for training in (short, long):
        code, errors = training.run(*constant)
        assert code == 0, errors
    row.check(*short.run("--resume", *constant, "training.epochs=4"))
    assert (short.folder / "model.safetensors").read_bytes() == (long.folder / "model.safetensors").read_bytes()
    assert short.epochs() == long.epochs()


@fault(
    "Runs",
    "a run folder that was moved after the run was stopped",
    shown="",
    code=0,
    kept="`--config FOLDER/config.yaml --resume` resumes in the new folder, and ends bit-identical",
)
def test_a_moved_run_resumes_where_it_lies(begin: Begin, tmp_path: Path, row: Row, assert_undisturbed: Compare) -> None:
    training = begin()
    training.run(before=(without_report, partial(kill_at_step, 7)))
    (tmp_path / "elsewhere").mkdir()
    folder = Path(shutil.move(training.folder, tmp_path / "elsewhere" / "other name"))
    row.check(*segnet("train", "--config", folder / "config.yaml", "--resume", before=[without_report]))
    assert_undisturbed(Training(folder / "config.yaml", folder))
    assert not training.folder.exists()


@fault(
    "Runs",
    "`--resume` for a run whose checkpoints were removed",
    shown="has no checkpoint to go on from; train under another name with name=NAME, or replace the run with "
    "--overwrite",
    kept="its weights and measures",
)
def test_a_run_without_checkpoints(finished: Training, row: Row) -> None:
    for file in finished.checkpoint.parent.glob("*.pt"):
        file.unlink()
    before = digests(finished.folder)
    row.check(*finished.run("--resume"))
    assert digests(finished.folder) == before


@fault(
    "Runs",
    "a run stopped in the middle of its third epoch",
    shown="stopped in epoch 3 after step 12",
    code=130,
    kept="the terminal, `metrics.csv` and `checkpoints/manifest.json` count epochs from 1, and agree",
)
def test_epochs_are_counted_in_one_way(begin: Begin, row: Row) -> None:
    training = begin(epochs=4, validate_every=2)
    row.check(*training.run(before=(without_report, partial(raise_at_step, signal.SIGINT, 12))))
    entries = json.loads((training.checkpoint.parent / "manifest.json").read_text())
    assert {entry["file"]: entry["epoch"] for entry in entries} == {"best.pt": 2, "last.pt": 3, "previous_last.pt": 3}
    assert [line.split(",")[0] for line in training.epochs()] == ["epoch", "1", "2"]
