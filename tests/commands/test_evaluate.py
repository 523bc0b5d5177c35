"""``segnet evaluate``: the same measures as at the end of the training, as a table and as files."""

import json
import shutil
from pathlib import Path

import pytest

from segnet.cli import build_parser, main
from segnet.commands.arguments import open_model
from segnet.config import InputConfig
from segnet.datasets.classes import CAMVID
from segnet.inference.capabilities import BAYESIAN_SAMPLES, usual_samples
from segnet.nn.catalogue import build_network
from segnet.nn.saved import ModelInfo, SavedModel, load_model, save_model


def test_the_measures_are_those_of_the_run(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measures, report = tmp_path / "measures.json", tmp_path / "report.html"
    assert main(["evaluate", str(tiny_run), "--json", str(measures), "--report", str(report)]) == 0
    at_the_end = json.loads((tiny_run / "metrics.json").read_text())
    assert json.loads(measures.read_text())["per_class"] == at_the_end["per_class"]
    printed = capsys.readouterr().out
    assert f"mean IoU {at_the_end['mean_iou']:.4f}" in printed
    assert "in neither truth nor prediction: " in printed
    assert report.stat().st_size > 10_000


def test_another_split_and_another_root(tiny_run: Path, tiny_camvid: Path, tmp_path: Path) -> None:
    measures = tmp_path / "measures.json"
    command = ["evaluate", str(tiny_run), "--split", "train+val@0006R0", "--data", str(tiny_camvid)]
    assert main([*command, "--json", str(measures)]) == 0
    assert json.loads(measures.read_text())["images"] == 7


def test_the_rest_is_measured_where_an_image_is_bad(
    tiny_run: Path, tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, measures, report = tmp_path / "data", tmp_path / "measures.json", tmp_path / "report.html"
    shutil.copytree(tiny_camvid, root)
    bad = sorted((root / "val").iterdir())[0]
    bad.write_bytes(bad.read_bytes()[:100])
    # What is left are the other three: the measures are those of a set without the bad one.
    command = ["evaluate", str(tiny_run), "--data", str(root), "--json", str(measures)]
    assert main([*command, "--report", str(report)]) == 1
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith(f"left out: {bad}: cannot be read as an image")
    assert last == "segnet evaluate: 1 of 4 images left out, named above; the measures are of the other 3"
    assert "1 of the images of val could not be read" in report.read_text()
    found = json.loads(measures.read_text())
    assert (found["images"], len(found["left_out"])) == (3, 1)
    bad.unlink()
    assert main(command) == 0
    assert json.loads(measures.read_text())["confusion"] == found["confusion"]


def test_merged_classes_are_measured_as_one(tiny_run: Path, tmp_path: Path) -> None:
    """Road and Car are one class, of as many pixels as both have; the other classes keep theirs."""
    measures, merged = tmp_path / "measures.json", tmp_path / "merged.json"
    report = tmp_path / "report.html"
    assert main(["evaluate", str(tiny_run), "--json", str(measures)]) == 0
    command = ["evaluate", str(tiny_run), "--merge", "thing=Car, Road", "--json", str(merged), "--report", str(report)]
    assert main(command) == 0
    before, after = json.loads(measures.read_text()), json.loads(merged.read_text())
    assert list(after["per_class"])[3] == "thing"
    assert len(after["per_class"]) == 10
    pixels = {name: row["pixels"] for name, row in before["per_class"].items()}
    assert after["per_class"]["thing"]["pixels"] == pixels["Car"] + pixels["Road"]
    assert after["per_class"]["Sky"]["pixels"] == pixels["Sky"]
    assert "thing" in report.read_text()


def test_a_model_is_measured_on_data_that_know_fewer_classes(
    tiny_run: Path, tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The data's config merges Car and Bicyclist to vehicle; the model knows both, and nothing of a Truck."""
    names = [name for name in CAMVID.names if name not in ("Car", "Bicyclist")]
    config, measures = tmp_path / "ten.yaml", tmp_path / "measures.json"
    merge = "{vehicle: [Car, Bicyclist]}"
    config.write_text(
        f"data: {{root: {tiny_camvid}, merge: {merge}}}\nmodel: {{name: segnet_lite}}\ntraining: {{epochs: 1}}\n"
    )
    assert main(["evaluate", str(tiny_run), "--data", str(config)]) == 1
    assert "the model knows 11 classes" in capsys.readouterr().err
    command = ["evaluate", str(tiny_run), "--data", str(config), "--json", str(measures)]
    assert main([*command, "--merge", "vehicle=Car,Bicyclist"]) == 0
    assert list(json.loads(measures.read_text())["per_class"]) == [*names[:8], "vehicle", *names[8:]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--merge", "vehicle"], "--merge 'vehicle': expected NAME=CLASS,CLASS, as in vehicle=Car,Truck"),
        (["--merge", "a=Car", "--merge", "a=Tree"], "--merge a: given twice; name all of its classes at once"),
        (["--merge", "vehicle=Car,Bus"], "--merge vehicle: no class 'Bus'; "),
        (["--merge", "Car=Tree"], "Car: 'Car' is a class already"),
        (["--split", "test"], "no split 'test'; there is train, val"),
        (["--data", "/no/such/folder"], "/no/such/folder: no such folder"),
        (["--backend", "caffe"], "backend 'caffe'"),
        (["--samples", "4"], "has no dropout to sample from"),
        (["--samples", "0"], "0 samples: at least 1 pass is needed"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], message: str, tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(tiny_run), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def test_a_bayesian_network_is_sampled_unless_it_makes_a_video(tmp_path: Path) -> None:
    network = build_network("bayesian_segnet_basic", 2)
    save_model(
        tmp_path,
        SavedModel(
            network,
            ModelInfo(
                name="bayesian_segnet_basic",
                arguments={},
                input=InputConfig(),
                class_names=("a", "b"),
                class_colors=((0, 0, 0), (9, 9, 9)),
                ignore_index=255,
                size=(48, 64),
            ),
        ),
    )
    for words, samples in (
        (["evaluate", str(tmp_path)], BAYESIAN_SAMPLES),
        (["predict", str(tmp_path), "a.png", "--out", "out"], BAYESIAN_SAMPLES),
        (["predict", str(tmp_path), "a.png", "--out", "out", "--samples", "3"], 3),
        (["video", str(tmp_path), "in.mp4", "out.mp4"], 1),
    ):
        assert open_model(build_parser(words[0])[0].parse_args(words)).predictor.samples == samples
    assert usual_samples(load_model(tmp_path), "openvino") == 1


def test_a_model_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "runs/nobody"]) == 1
    assert "runs/nobody: no such model; give a run folder or a model folder" in capsys.readouterr().err
