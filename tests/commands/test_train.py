"""``segnet train``: from a config to everything that a run folder holds, and what is said of mistakes."""

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from segnet.cli import main
from segnet.config import TrainingConfig
from segnet.config_file import load_config
from segnet.nn.saved import load_model
from segnet.training import launch


def test_a_run_folder_holds_all_that_was_promised(tiny_run: Path) -> None:
    assert load_config(tiny_run / "config.yaml").training.epochs == 3
    assert {path.name for path in (tiny_run / "checkpoints").iterdir()} >= {"last.pt", "best.pt"}
    with (tiny_run / "metrics.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]
    measures = json.loads((tiny_run / "metrics.json").read_text())
    assert measures.keys() >= {"mean_iou", "global_accuracy", "class_accuracy", "boundary_f1", "per_class"}
    assert measures["images"] == 4
    assert load_model(tiny_run).info.class_names[8] == "Car"
    assert "<html" in (tiny_run / "report.html").read_text()
    events = EventAccumulator(str(tiny_run / "tensorboard"))
    events.Reload()
    assert len(events.Scalars("train_loss")) == 3


def test_a_finished_run_that_is_resumed_gives_the_same_again(
    tiny_run: Path, tiny_config: Path, tiny_camvid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = measures_of(tiny_run)
    settings = [f"data.root={tiny_camvid}", "data.workers=0", f"runs={tiny_run.parent}"]
    assert main(["train", "--config", str(tiny_config), "--resume", *settings]) == 0
    assert measures_of(tiny_run) == before
    assert "report.html" in capsys.readouterr().out


def test_a_run_leaves_out_what_cannot_be_read_and_says_so(
    tiny_config: Path, tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    shutil.copytree(tiny_camvid, root)
    bad = [sorted((root / split).iterdir())[1] for split in ("train", "val")]
    for path in bad:
        path.write_bytes(path.read_bytes()[:100])
    command = ["train", "--config", str(tiny_config), f"data.root={root}", f"runs={tmp_path}", "data.workers=0"]
    assert main(command) == 1
    assert f"{bad[0]}: cannot be read as an image" in capsys.readouterr().err
    assert main([*command, "data.on_error=skip", "training.epochs=1"]) == 0
    run = tmp_path / "tiny"
    assert f"1 image that cannot be read is left out of train, listed in {run}" in capsys.readouterr().err
    skipped = json.loads((run / "skipped_files.json").read_text())
    assert [line.partition(":")[0] for lines in skipped.values() for line in lines] == [str(path) for path in bad]
    assert str(bad[0]) in (run / "report.html").read_text()
    assert json.loads((run / "metrics.json").read_text())["images"] == 3


def measures_of(run: Path) -> dict[str, object]:
    """All but the speed, which no two runs share."""
    measures = json.loads((run / "metrics.json").read_text())
    return {key: value for key, value in measures.items() if key not in ("images_per_second", "cost")}


def test_the_schema_is_printed_without_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "--schema"])
    assert end.value.code == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$defs"]["TrainingConfig"]["properties"]["epochs"]["exclusiveMinimum"] == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["optimizer.lrate=1"], "optimizer.lrate: unknown setting of adamw; allowed: name, lr"),
        (["training.epochs=few"], "training.epochs"),
        (["data.root=/no/such/folder"], "/no/such/folder: no such folder; set data.root or CAMVID_ROOT"),
        (["data.val=test"], "no split 'test'; there is train, val"),
        (["model.name=segnet_huge"], "segnet_huge"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    settings: list[str],
    message: str,
    tiny_config: Path,
    tiny_camvid: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = tmp_path / "runs"
    assert main(["train", "--config", str(tiny_config), f"data.root={tiny_camvid}", f"runs={runs}", *settings]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not runs.exists()


def test_bf16_is_given_up_aloud_where_it_is_emulated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = TrainingConfig(epochs=1, precision="bf16-mixed", accelerator="cpu")
    monkeypatch.setattr(launch, "has_bf16", lambda device: device == torch.device("cpu"))
    assert launch.choose_precision(settings) == "bf16-mixed"
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(launch, "has_bf16", lambda device: False)
    assert launch.choose_precision(settings) == "32-true"
    assert "does not compute in bf16" in capsys.readouterr().err
