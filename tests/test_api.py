"""From Python: every function does what the command of its name does, and results are plain arrays and numbers."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import segnet
from segnet.cli import main
from segnet.config_file import load_config
from segnet.datasets.image_files import read_image
from tests.inference.video.clips import frame_times, write_clip


def test_importing_segnet_imports_nothing_heavy() -> None:
    program = (
        "import sys\nimport segnet\nnames = dir(segnet)\n"
        "print(sorted({'torch', 'numpy', 'pydantic', 'pathlib', 'typing'} & set(sys.modules)), 'load' in names)"
    )
    # Without -S the site's own start-up files may have imported some of them.
    command = [sys.executable, "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(segnet.__file__).parents[1])
    assert done.stdout.split(maxsplit=1) == ["[]", "True\n"]


@pytest.mark.parametrize("name", segnet.__all__)
def test_everything_offered_is_there(name: str) -> None:
    assert getattr(segnet, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'segnet' has no attribute 'predict'"):
        _ = segnet.predict


def test_predict_gives_the_masks_of_the_command(tiny_run: Path, tiny_camvid: Path, tmp_path: Path) -> None:
    assert main(["predict", str(tiny_run), str(tiny_camvid / "val"), "--out", str(tmp_path), "--contours"]) == 0
    model = segnet.load(tiny_run)
    results = list(model.predict(sorted((tiny_camvid / "val").iterdir()), contours=True))
    assert len(results) == 4
    for result in results:
        mask, overlay = (tmp_path / f"{result.name}_{kind}.png" for kind in ("mask", "overlay"))
        assert np.array_equal(np.asarray(Image.open(mask)), result.mask)
        assert overlay.read_bytes() == result._repr_png_()


def test_predict_takes_paths_pil_images_and_arrays(tiny_run: Path, tiny_camvid: Path) -> None:
    model, path = segnet.load(tiny_run), next((tiny_camvid / "val").iterdir())
    pixels = read_image(path)
    expected = model.predict(path).mask
    for image in (str(path), Image.open(path), pixels):
        assert np.array_equal(model.predict(image).mask, expected)
    given: list[Iterable[Any]] = [[path, pixels], (image for image in (path, pixels)), np.stack([pixels, pixels])]
    for several in given:
        assert [np.array_equal(result.mask, expected) for result in model.predict(several)] == [True, True]


def test_several_images_are_read_one_after_the_other(tiny_run: Path, tiny_camvid: Path, tmp_path: Path) -> None:
    results = segnet.load(tiny_run).predict([next((tiny_camvid / "val").iterdir()), tmp_path / "none.png"])
    next(results)
    with pytest.raises(segnet.UserError, match=r"none\.png"):
        next(results)


def test_a_model_says_what_it_is(tiny_run: Path) -> None:
    model = segnet.load(tiny_run, precision="fp32", device="cpu")
    assert repr(model) == f"Model(source={str(tiny_run)!r})"
    assert model.classes.names[8] == "Car"
    assert "torch fp32 on cpu" in model._repr_html_()
    assert "rgb(64, 0, 128)" in model._repr_html_()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"backend": "caffe"}, "backend 'caffe'"), ({"samples": 4}, "no dropout"), ({"device": "tpu"}, "device 'tpu'")],
)
def test_a_model_that_cannot_be_run_so_is_refused(options: dict[str, object], message: str, tiny_run: Path) -> None:
    with pytest.raises(segnet.UserError, match=message):
        segnet.load(tiny_run, **options)  # type: ignore[arg-type]


def test_train_gives_the_run_of_the_command(
    tiny_run: Path, tiny_config: Path, tiny_camvid: Path, tmp_path: Path
) -> None:
    before = torch.random.get_rng_state(), torch.are_deterministic_algorithms_enabled()
    data = {"root": tiny_camvid, "workers": 0}
    run = segnet.train(tiny_config, "optimizer.lr=0.02", data=data, runs=tmp_path)
    assert run.path == tmp_path / "tiny"
    assert run.config.optimizer == load_config(tiny_run / "config.yaml").optimizer
    assert run.metrics["per_class"] == segnet.Run(tiny_run).metrics["per_class"]
    with (tiny_run / "metrics.csv").open(newline="") as file:
        losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
    assert [row["train_loss"] for row in run.history] == losses
    assert run.report.stat().st_size > 10_000
    assert run.model.classes.names[8] == "Car"
    assert f"<td>mean_iou</td><td>{run.metrics['mean_iou']:.4f}</td>" in run._repr_html_()
    # What its caller draws, and how, is as if there had been no training.
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1] == torch.are_deterministic_algorithms_enabled()


def test_a_mistake_in_a_setting_is_said_before_the_training(tiny_config: Path, tmp_path: Path) -> None:
    with pytest.raises(segnet.UserError, match=r"optimizer\.lrate: unknown setting"):
        segnet.train(tiny_config, optimizer={"lrate": 1}, runs=tmp_path / "runs")
    with pytest.raises(segnet.UserError, match="did you mean quickstart"):
        segnet.train("quikstart")
    assert not (tmp_path / "runs").exists()


def test_a_folder_without_a_run_is_none(tmp_path: Path) -> None:
    with pytest.raises(segnet.UserError, match="no run folder"):
        segnet.Run(tmp_path)
    (tmp_path / "config.yaml").touch()
    with pytest.raises(segnet.UserError, match="the training writes it at its end"):
        _ = segnet.Run(tmp_path).metrics


def test_evaluate_measures_as_the_command_does(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in (str(tiny_run), segnet.load(tiny_run)):
        evaluation = segnet.evaluate(model, json=tmp_path / "measures.json")
        assert evaluation.scores.mean_iou == segnet.Run(tiny_run).metrics["mean_iou"]
        assert json.loads((tmp_path / "measures.json").read_text())["images"] == 4
    assert main(["evaluate", str(tiny_run)]) == 0
    # The notebook's table has the words of the terminal's.
    printed = capsys.readouterr().out.splitlines()[-1]
    assert printed.split(" · ")[0] in evaluation._repr_html_()


def test_video_gives_rows_and_plays_in_a_notebook(tiny_run: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4")
    result = segnet.video(tiny_run, clip, tmp_path / "out.mp4", stride=2, flicker=True, classes=["car"])
    assert result.frames == len(result.rows) == len(frame_times(tmp_path / "out.mp4")) == 3
    assert [row["time"] for row in result.rows] == [0, 0.2, 0.4]
    assert len(result.flicker) == 1
    html = result._repr_html_()
    assert html is not None
    assert 'src="data:video/mp4;base64,AAAA' in html
    masks = segnet.video(tiny_run, clip, tmp_path / "masks", layout="mask")
    assert len(list(masks.path.iterdir())) == 6
    assert masks._repr_html_() is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"opacity": 2}, "opacity 2"), ({"layout": "heat"}, "layout 'heat'"), ({"classes": ["Cat"]}, "no class 'Cat'")],
)
def test_wrong_settings_of_a_video_write_nothing(
    settings: dict[str, object], message: str, tiny_run: Path, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "in.mp4")
    with pytest.raises(segnet.UserError, match=message):
        segnet.video(tiny_run, clip, tmp_path / "out.mp4", **settings)  # type: ignore[arg-type]
    assert not (tmp_path / "out.mp4").exists()


def test_an_exported_file_is_checked_and_opens_again(tiny_run: Path, tiny_camvid: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install .[deploy]")
    file = segnet.export(tiny_run, tmp_path / "tiny.onnx", images=2)
    assert (file.path, file.size, file.check.images) == (tmp_path / "tiny.onnx", None, 2)
    assert file.megabytes == (tmp_path / "tiny.onnx").stat().st_size / 1e6
    image = next((tiny_camvid / "val").iterdir())
    again, network = (segnet.load(model, precision="fp32").predict(image) for model in (file.path, tiny_run))
    assert (again.mask == network.mask).mean() > 0.99
    with pytest.raises(segnet.UserError, match=r"tiny\.bin: the suffix says for which runtime; expected \.onnx"):
        segnet.export(tiny_run, tmp_path / "tiny.bin")
