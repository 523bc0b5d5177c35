"""Mistakes that a config shows by itself end a command before data are drawn or a run folder is touched."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.faults.conftest import Begin, Training
from tests.faults.programs import nearly_full_disk, segnet
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
