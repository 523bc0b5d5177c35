"""Measures belong to the weights that they were taken of, whatever comes between."""

import csv
import json
import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from segnet.files import sha256_of
from segnet.inference.evaluate import evaluate
from segnet.report import runs
from segnet.run_folder import RunFolder
from tests.faults.conftest import Begin, Training
from tests.faults.programs import compute_in_bf16, infer_in_bf16, raise_at_step, segnet, without_report
from tests.faults.rows import Row, fault


@pytest.fixture(scope="module")
def measured(undisturbed: Training, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with its measures and its report."""
    folder = tmp_path_factory.mktemp("measured") / "run"
    shutil.copytree(undisturbed.folder, folder)
    code, errors = segnet("report", folder)
    assert code == 0, errors
    return folder


def other_weights(begin: Begin) -> Path:
    """Weights of the same network from another seed."""
    other = begin("other")
    code, errors = other.run("seed=5", "training.epochs=1")
    assert code == 0, errors
    return RunFolder(other.folder).weights


@fault(
    "Measures",
    "`segnet report` for a run whose training is under way",
    shown="a training is under way, which writes its report at its end; for one of the weights so far, name a page "
    "elsewhere with --out FILE",
    kept="the measures that the training writes at its end; `--out` writes a page about the current weights",
)
def test_a_report_during_a_training_is_refused(begin: Begin, tmp_path: Path, row: Row) -> None:
    training = begin(epochs=10_000)
    first = training.start()
    while not (training.folder / "config.json").exists():
        assert first.process.is_alive(), first.errors
        time.sleep(0.05)
    try:
        row.check(*segnet("report", training.folder))
        assert not (training.folder / "evaluation.npz").exists()
        code, errors = segnet("report", training.folder, "--out", tmp_path / "page" / "now.html")
        assert code == 0, errors
        assert first.process.is_alive(), first.errors
    finally:
        first.process.kill()
        first.wait()
    assert (tmp_path / "page" / "now.html").stat().st_size > 10_000


@fault(
    "Measures",
    "other weights in a run folder, with an older date than its measures",
    shown="",
    code=0,
    kept="they are measured again, because measures carry the SHA-256 of their weights, and dates do not count",
)
def test_weights_that_were_put_there(measured: Path, begin: Begin, tmp_path: Path, row: Row) -> None:
    folder = Path(shutil.copytree(measured, tmp_path / "copy"))
    shutil.copyfile(other_weights(begin), folder / "model.safetensors")
    os.utime(folder / "model.safetensors", (0, 0))
    before = json.loads((folder / "metrics.json").read_text())
    row.check(*segnet("report", folder))
    after = json.loads((folder / "metrics.json").read_text())
    assert after["weights_sha256"] == sha256_of(folder / "model.safetensors") != before["weights_sha256"]
    assert after["confusion"] != before["confusion"]


@fault(
    "Measures",
    "weights that change during the measurement",
    shown="",
    code=0,
    kept="the result is not stored as the measures of the new weights; the next report measures those",
)
def test_measures_of_changing_weights_are_not_kept(
    measured: Path, begin: Begin, tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    row.check(0, "")
    folder = Path(shutil.copytree(measured, tmp_path / "copy"))
    (folder / "evaluation.npz").unlink()
    other = other_weights(begin)

    def changed_meanwhile(*arguments: object) -> object:
        shutil.copyfile(other, folder / "model.safetensors")
        return evaluate(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(runs, "evaluate", changed_meanwhile)
        first = runs.open_run(folder)
    assert not (folder / "evaluation.npz").exists()
    second = runs.open_run(folder)
    assert first.evaluation.weights_sha256 == sha256_of(measured / "model.safetensors")
    assert second.evaluation.weights_sha256 == sha256_of(other)
    assert (folder / "evaluation.npz").exists()


@fault(
    "Measures",
    "a training in bf16 whose weights are measured in the training and for the report",
    shown="",
    code=0,
    kept="`metrics.csv`, `metrics.json` and the terminal have the same figure, because all measure in float32",
)
def test_one_figure_for_the_same_weights(begin: Begin, row: Row) -> None:
    training = begin(precision="bf16-mixed")
    code, said = training.run(before=(compute_in_bf16,))
    row.check(code, "")
    with (training.folder / "metrics.csv").open(newline="") as file:
        best = max(float(epoch["val_mean_iou"]) for epoch in csv.DictReader(file))
    assert json.loads((training.folder / "metrics.json").read_text())["mean_iou"] == pytest.approx(best, abs=1e-4)
    assert f"mean IoU {best:.4f}" in said


@fault(
    "Measures",
    "`segnet evaluate` for a run, on a device that computes in bf16",
    shown="",
    code=0,
    kept="the figure is the same as the run's, because a network is measured in float32 unless `--precision` is given",
)
def test_evaluate_gives_the_runs_figure(measured: Path, tmp_path: Path, row: Row) -> None:
    code, said = segnet("evaluate", measured, "--json", tmp_path / "a.json", before=[infer_in_bf16])
    row.check(code, "")
    run, again = (json.loads(file.read_text()) for file in (measured / "metrics.json", tmp_path / "a.json"))
    assert (run["confusion"], run["mean_iou"]) == (again["confusion"], again["mean_iou"])
    assert f"mean IoU {run['mean_iou']:.4f}" in said
    code, said = segnet(
        "evaluate", measured, "--precision", "bf16", "--json", tmp_path / "b.json", before=[infer_in_bf16]
    )
    assert (code, json.loads((tmp_path / "b.json").read_text())["confusion"] != run["confusion"]) == (0, True), said


@fault(
    "Measures",
    "a run that was stopped after it was measured, with better weights since",
    shown="stopped in epoch 2",
    code=130,
    kept="the measures in the folder are not taken for those of the better weights",
)
def test_measures_before_a_resumption(begin: Begin, row: Row) -> None:
    training = begin(epochs=3)
    row.check(*training.run(before=(without_report, partial(raise_at_step, signal.SIGINT, 7))))
    first = runs.open_run(training.folder).evaluation
    training.resume_to_end()
    evaluation = runs.open_run(training.folder).evaluation
    assert evaluation.weights_sha256 == sha256_of(training.folder / "model.safetensors")
    assert (evaluation.weights_sha256 == first.weights_sha256) == (evaluation.matrix.tolist() == first.matrix.tolist())
