"""``segnet report`` and ``segnet compare`` on run folders."""

import json
import os
from pathlib import Path

import pytest
import torch

from segnet.cli import main
from segnet.config import InputConfig
from segnet.datasets.classes import CAMVID
from segnet.inference.capabilities import BAYESIAN_SAMPLES, usual_samples
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel, load_model, save_model


@pytest.fixture
def runs(tmp_path: Path, tiny_camvid: Path) -> list[Path]:
    """Two untrained networks with configs that name the tiny data."""
    folders = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        network = build_network("segnet_lite", len(CAMVID))
        folder = tmp_path / f"seed{seed}"
        save_model(
            folder,
            SavedModel(
                network,
                ModelInfo(
                    name="segnet_lite",
                    arguments={},
                    input=InputConfig(),
                    class_names=CAMVID.names,
                    class_colors=CAMVID.colors,
                    ignore_index=CAMVID.ignore_index,
                    size=(48, 64),
                ),
            ),
        )
        (folder / "config.yaml").write_text(
            f"data: {{root: {tiny_camvid}}}\nmodel: {{name: segnet_lite}}\ntraining: {{epochs: 1}}\n"
        )
        folders.append(folder)
    return folders


def test_report_measures_once_and_again_when_the_weights_are_others(runs: list[Path]) -> None:
    run = runs[0]
    assert main(["report", str(run)]) == 0
    assert {"report.html", "metrics.json", "per_class.csv", "evaluation.npz"} <= {path.name for path in run.iterdir()}
    saved = run / "evaluation.npz"
    before = saved.stat().st_mtime_ns
    assert main(["report", str(run)]) == 0
    assert saved.stat().st_mtime_ns == before
    os.utime(run / "model.safetensors")
    assert main(["report", str(run)]) == 0
    assert saved.stat().st_mtime_ns == before
    (run / "model.safetensors").write_bytes((runs[1] / "model.safetensors").read_bytes())
    os.utime(run / "model.safetensors", (0, 0))
    assert main(["report", str(run)]) == 0
    assert saved.stat().st_mtime_ns != before


def test_report_of_another_split_leaves_the_runs_own_alone(runs: list[Path], tmp_path: Path) -> None:
    assert main(["report", str(runs[0]), "--split", "train", "--out", str(tmp_path / "train.html")]) == 0
    assert "measured on train: 10 images" in (tmp_path / "train.html").read_text().replace("\n", " ")
    assert not (runs[0] / "evaluation.npz").exists()
    assert not (runs[0] / "metrics.json").exists()


def test_a_bayesian_network_is_sampled_and_its_samples_are_kept(runs: list[Path]) -> None:
    run = runs[0]
    network = build_network("bayesian_segnet_basic", len(CAMVID))
    save_model(
        run,
        SavedModel(
            network,
            ModelInfo(
                name="bayesian_segnet_basic",
                arguments={},
                input=InputConfig(),
                class_names=CAMVID.names,
                class_colors=CAMVID.colors,
                ignore_index=CAMVID.ignore_index,
                size=(48, 64),
            ),
        ),
    )
    assert usual_samples(load_model(run)) == BAYESIAN_SAMPLES
    assert usual_samples(load_model(runs[1])) == 1
    for arguments, passes in ((["--samples", "2"], 2), ([], 2)):
        assert main(["report", str(run), *arguments]) == 0
        page = (run / "report.html").read_text()
        assert f"{passes} passes an image" in page
        assert "Uncertainty over dropout samples" in page
        assert "by spread over dropout samples" in page
        assert json.loads((run / "metrics.json").read_text())["dropout_samples"] == passes
    assert main(["compare", *map(str, runs), "--out", str(run / "both.html")]) == 0


def test_compare_writes_a_page(runs: list[Path], tmp_path: Path) -> None:
    assert main(["compare", *map(str, runs), "--out", str(tmp_path / "both.html")]) == 0
    assert "seed0 and seed1" in (tmp_path / "both.html").read_text()


def test_a_folder_that_is_no_run_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 1
    assert "holds no config.yaml" in capsys.readouterr().err
