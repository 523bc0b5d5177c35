"""Mistakes that a config shows by itself end a command before data are drawn or a run folder is touched."""

import shutil
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.faults.conftest import Begin, Training
from tests.faults.programs import limit_file_size, nearly_full_disk, raise_at_step, segnet
from tests.faults.rows import Row, fault
from tests.faults.test_runs import digests

PART = "Early mistakes"


@pytest.fixture
def finished(undisturbed: Training, begin: Begin) -> Training:
    """A run of its own that has come to its end."""
    training = begin()
    shutil.copytree(undisturbed.folder, training.folder)
    return training


def scenes(tmp_path: Path) -> list[str]:
    """Settings of a run on sample scenes, which nobody has drawn yet."""
    return ["data={name: scenes, workers: 0}", f"data.root={tmp_path / 'scenes'}"]


@fault(
    PART,
    "a misspelt name of a network, with sample scenes that would be drawn first",
    shown="model.name=segnet_lit: no such network; did you mean segnet_lite?",
    kept="no scene is drawn, and no run folder is created",
)
def test_a_misspelt_network_is_named_before_scenes_are_drawn(begin: Begin, tmp_path: Path, row: Row) -> None:
    training = begin()
    row.check(*training.run(*scenes(tmp_path), "model.name=segnet_lit"))
    row.check(
        *segnet("tune", "--config", training.config, *scenes(tmp_path), "model.name=segnet_lit", "--vary", "seed=[1,2]")
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.yaml"]


@fault(
    PART,
    "an argument that the network does not have, with data that do not exist",
    shown="model.dropuot: segnet_lite has no such argument; did you mean dropout?",
    kept="no run folder is created",
)
def test_a_misspelt_argument_is_named_before_data_are_read(begin: Begin, tmp_path: Path, row: Row) -> None:
    row.check(*begin().run("model.dropuot=0.5", "data.root=/no/such/folder"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.yaml"]


@fault(
    PART,
    "a crop larger than the sample scenes, which would be drawn first",
    shown="augmentation of images of 192x256: …",
    kept="no scene is drawn, and no run folder is created",
)
def test_a_crop_larger_than_the_scenes(begin: Begin, tmp_path: Path, row: Row) -> None:
    crop = "augmentation=[{RandomCrop: {height: 4000, width: 48}}]"
    row.check(*begin().run(*scenes(tmp_path), crop))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.yaml"]


@fault(
    PART,
    "`--overwrite` with a crop larger than the first image",
    shown="augmentation of ….png: …",
    kept="the old run, unchanged and in its place",
)
def test_a_crop_larger_than_the_first_image(finished: Training, row: Row) -> None:
    before = digests(finished.folder)
    began = finished.folder.stat().st_mtime_ns
    row.check(*finished.run("--overwrite", "augmentation=[{RandomCrop: {height: 49, width: 48}}]"))
    assert digests(finished.folder) == before
    assert finished.folder.stat().st_mtime_ns == began


@fault(
    PART,
    "a disk without room for the run's first checkpoints",
    shown="0 MB are free, but the weights and checkpoints of this run take … MB at least; make room, set runs=FOLDER "
    "to a folder on another disk, or training.keep_checkpoints=1",
    kept="nothing is written; with `--overwrite`, the old run is unchanged",
)
def test_a_disk_that_is_full_already(finished: Training, begin: Begin, row: Row) -> None:
    before = digests(finished.folder)
    row.check(*finished.run("--overwrite", before=(partial(nearly_full_disk, 1000),)))
    assert digests(finished.folder) == before
    other = begin("other")
    row.check(*other.run(before=(partial(nearly_full_disk, 1000),)))
    assert not other.folder.exists()


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
