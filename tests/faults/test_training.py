"""What goes wrong within a training: losses, memory, loaders, folders, clocks, data and checkpoints that changed."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from segnet.datasets.image_files import read_mask
from segnet.errors import UserError
from segnet.training.checkpoint import load_checkpoint, previous, save_checkpoint
from tests.faults.conftest import Begin, Training, make_training
from tests.faults.programs import (
    become_nobody,
    full_memory_at_step,
    jumping_clock,
    kill_loader_at_step,
    raise_at_step,
    spoil_inputs_at_step,
    without_report,
)
from tests.faults.rows import Row, fault, times


@fault(
    "Training",
    "a loss that is NaN or infinite, `training.bad_loss=stop`",
    shown="the loss is nan in epoch 1, step 3, on ….png (listed in …bad_batches.json); look at these files, then go on "
    "with --resume and a lower optimizer.lr, with training.clip_norm, or with training.bad_loss=skip",
    kept="the last checkpoint before it, and the names of the step's files",
)
def test_bad_loss_stops(begin: Begin, row: Row) -> None:
    training = begin()
    row.check(*training.run(before=(without_report, partial(spoil_inputs_at_step, 3))))
    [bad] = json.loads((training.folder / "bad_batches.json").read_text())
    assert (bad["epoch"], bad["step"], bad["loss"], len(bad["files"])) == (1, 3, "nan", 2)
    assert all(Path(file).is_file() for file in bad["files"])
    assert load_checkpoint(training.checkpoint)["position"]["step"] == 2


@fault(
    "Training",
    "a loss that is NaN or infinite, `training.bad_loss=skip`",
    shown="the loss is nan in epoch 1, step 3, on ….png: this step is left out (listed in …bad_batches.json)",
    code=0,
    kept="weights and batch-norm statistics from before the step; the run goes on, but ends after ten such "
    "steps in a row",
)
def test_bad_loss_is_skipped(begin: Begin, row: Row) -> None:
    training = begin(bad_loss="skip")
    row.check(*training.run(before=(without_report, partial(spoil_inputs_at_step, 3))))
    state = load_checkpoint(training.checkpoint)
    assert state["position"]["step"] == 10
    for part in (state["network"], state["average"]["network"]):
        assert all(tensor.isfinite().all() for tensor in part.values())
    assert "nan" not in (training.folder / "metrics.csv").read_text()


@fault(
    "Training",
    "a reading process is killed, as the system does when memory is full",
    shown="a process that reads images was killed, most often because memory is full; lower data.workers … "
    "what was saved is in …last.pt, go on with --resume",
    kept="the last checkpoint; with `--resume` the run ends bit-identical",
)
def test_a_run_whose_loader_was_killed_resumes_bit_identical(
    begin: Begin, row: Row, assert_undisturbed: Callable[[Training], None]
) -> None:
    training = begin(workers=1)
    row.check(*training.run(before=(without_report, partial(kill_loader_at_step, 3))))
    training.resume_to_end()
    assert_undisturbed(training)


@fault(
    "Training",
    "memory is full in a step",
    shown="memory is full with batches of 8 images; … fit: set training.batch_size=… and training.accumulate=…",
    kept="everything that was saved; the line has a batch size that was tried and fits",
)
def test_a_full_memory_names_a_batch_size_that_fits(row: Row, tmp_path: Path) -> None:
    for split in ("train", "val"):
        for folder in (split, f"{split}annot"):
            (tmp_path / "data" / folder).mkdir(parents=True)
        for index in range(8):
            cv2.imwrite(str(tmp_path / "data" / split / f"{index}.png"), np.zeros((384, 512, 3), np.uint8))
            cv2.imwrite(str(tmp_path / "data" / f"{split}annot" / f"{index}.png"), np.zeros((384, 512), np.uint8))
    training = make_training(tmp_path / "data", tmp_path, "run", batch_size=8, augmentation=[], widths=[32] * 4)
    row.check(*training.run(before=(without_report, partial(full_memory_at_step, 1, 500 * 2**20))))


@fault(
    "Training",
    "a last batch of one image, where batch norm would see one value for each channel",
    shown="a batch of one image is too little for batch norm, … choose a training.batch_size that leaves no single "
    "image at the end of an epoch, or larger images",
    kept="no step was made; if batch norm sees more than one value, such a batch is trained on",
)
def test_a_last_batch_of_one(begin: Begin, row: Row) -> None:
    crop = [{"RandomCrop": {"height": 16, "width": 16}}]
    training = begin(batch_size=3, augmentation=crop)
    row.check(*training.run())
    assert not training.checkpoint.exists()


@fault(
    "Training",
    "classes that occur in no val image",
    shown="",
    code=0,
    kept="every measure is a finite mean over the classes in truth or prediction",
)
def test_classes_absent_from_val(undisturbed: Training, row: Row) -> None:
    """Of CamVid's eleven classes the tiny data hold two."""
    row.check(0, "")
    header, *epochs = (line.split(",") for line in (undisturbed.folder / "metrics.csv").read_text().splitlines())
    for values in epochs:
        measures = dict(zip(header, map(float, values), strict=True))
        assert 0 < measures["val_mean_iou"] < 1
        assert np.isfinite(list(measures.values())).all()


@fault(
    "Training",
    "a second run in the folder of a running one",
    shown="another training writes to this folder; give this one another name",
    kept="the first run, undisturbed",
)
def test_two_runs_in_one_folder(begin: Begin, row: Row) -> None:
    training = begin(epochs=10_000)
    first = training.start()
    while not training.checkpoint.exists():
        assert first.process.is_alive(), first.errors
        time.sleep(0.05)
    for words in ([], ["--resume"]):
        row.check(*training.run(*words))
    assert first.process.is_alive()
    first.process.kill()
    assert first.wait() == -signal.SIGKILL


@fault(
    "Training",
    "a clock that jumps back and forth by a day",
    shown="",
    code=0,
    kept="the run is bit-identical, because only the monotonic clock is read, and only for durations",
)
def test_a_jumping_clock_changes_nothing(
    begin: Begin, row: Row, assert_undisturbed: Callable[[Training], None]
) -> None:
    training = begin()
    row.check(*training.run(before=(without_report, jumping_clock)))
    assert_undisturbed(training)


@fault(
    "Training",
    "a run folder without write permission",
    shown="the run folder cannot be written to (Permission denied); set runs=FOLDER to a folder of your own",
    kept="everything, unchanged",
)
def test_read_only_run_folder(begin: Begin, public_folder: Path, tiny_camvid: Path, row: Row) -> None:
    data = Path(shutil.copytree(tiny_camvid, public_folder / "data"))
    data.chmod(0o755)
    training = begin(data=data, runs=public_folder)
    public_folder.chmod(0o555)
    row.check(*training.run(before=(become_nobody,)))
    public_folder.chmod(0o755)
    assert not training.folder.exists()


@fault(
    "Training",
    "a data set that changed between stop and resume, by one pixel or one file",
    shown="the data are not those that the run began with (files were added, taken out or changed); "
    "put them back, or train under another name",
    kept="the run; the same data in another folder are accepted",
)
def test_a_run_does_not_resume_on_changed_data(tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_camvid, data)
    training = make_training(data, tmp_path, "run")
    training.run(before=(without_report, partial(raise_at_step, signal.SIGINT, 2)))
    mask_file = next((data / "trainannot").iterdir())
    mask = read_mask(mask_file)
    mask[40, 40] ^= 8
    cv2.imwrite(str(mask_file), mask)
    row.check(*training.run("--resume"))
    training.resume_to_end(f"data.root={tiny_camvid}")


@fault(
    "Training",
    "a checkpoint with a flipped bit in any region, or an incomplete one",
    shown="…; going on from previous_last.pt instead",
    code=0,
    kept="the checkpoint before is used",
)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    undisturbed: Training,
    tmp_path: Path,
    row: Row,
    capsys: pytest.CaptureFixture[str],
    counted: Callable[[str], None],
) -> None:
    path = tmp_path / "checkpoints" / "last.pt"
    shutil.copytree(undisturbed.checkpoint.parent, path.parent)
    whole = path.read_bytes()
    flips, cuts = times(12, 1000), times(6, 100)
    for index in range(flips):
        damaged = bytearray(whole)
        damaged[index * (len(whole) - 1) // (flips - 1)] ^= 1 << index % 8
        path.write_bytes(damaged)
        assert load_checkpoint(path)["position"]["step"] == 10
        row.check(0, capsys.readouterr().err)
    for index in range(cuts):
        path.write_bytes(whole[: index * len(whole) // cuts])
        assert load_checkpoint(path)["position"]["step"] == 10
        row.check(0, capsys.readouterr().err)
    counted(f"{flips} flipped bits from the first byte to the last and {cuts} truncations; each found")


@fault(
    "Training",
    "a checkpoint in another version's format",
    shown="written in format 99, this version reads format 1; no checkpoint is left to go on from",
    kept="the file",
)
def test_checkpoint_of_another_version(undisturbed: Training, tmp_path: Path, row: Row) -> None:
    save_checkpoint(tmp_path / "last.pt", {**load_checkpoint(undisturbed.checkpoint), "format": 99})
    with pytest.raises(UserError) as error:
        load_checkpoint(tmp_path / "last.pt")
    row.check_line(str(error.value))


@fault(
    "Training",
    "a checkpoint of another model",
    shown="last.pt: a checkpoint of another model (segnet_lite); train under another name",
    kept="the file",
)
def test_checkpoint_of_another_model(undisturbed: Training, begin: Begin, row: Row) -> None:
    training = begin(widths=[4, 4, 4, 4])
    shutil.copytree(undisturbed.checkpoint.parent, training.checkpoint.parent)
    row.check(*training.run("--resume"))


class RunsCode:
    """Makes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.trace),)


@fault(
    "Training",
    "a checkpoint that would run code when unpickled",
    shown="holds more than tensors and plain values, which could run code, so it is not read",
    kept="nothing is run; the checkpoint before is used if there is one",
)
def test_a_checkpoint_with_code_is_not_loaded(tmp_path: Path, row: Row) -> None:
    save_checkpoint(tmp_path / "last.pt", {"weight": torch.zeros(1), "code": RunsCode(tmp_path / "ran")}, keep=1)
    with pytest.raises(UserError) as error:
        load_checkpoint(tmp_path / "last.pt")
    row.check_line(str(error.value))
    assert not (tmp_path / "ran").exists()


def test_the_last_k_checkpoints_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    for step in range(1, 6):
        save_checkpoint(path, {"position": {"step": step, "epoch": 0}}, keep=3)
    kept = [load_checkpoint(file)["position"]["step"] for file in (path, previous(path), previous(path, 2))]
    assert kept == [5, 4, 3]
    names = ["last.pt", "previous_2_last.pt", "previous_last.pt"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [names[0], "manifest.json", *names[1:]]
    assert [entry["step"] for entry in json.loads((tmp_path / "manifest.json").read_text())] == [5, 3, 4]
    for damaged in (path, previous(path)):
        damaged.write_bytes(b"")
    assert load_checkpoint(path)["position"]["step"] == 3
