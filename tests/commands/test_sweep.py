"""A sweep trains every combination with every seed and keeps each value."""

import json
from pathlib import Path

import pytest

from segnet.cli import main
from segnet.commands.sweep import values_of
from segnet.errors import UserError

CONFIG = Path(__file__).parents[2] / "configs" / "autoencoders" / "vanilla.yaml"


def test_every_combination_is_trained_with_every_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quick = [f"runs={tmp_path}", "training.epochs=1", "training.accelerator=cpu", "model.widths=[4]"]
    table = tmp_path / "sweep.json"
    grid = ["--vary", "optimizer.lr=[0.01,0.001]", "--seeds", "2", "--measure", "val_psnr"]
    assert main(["sweep", "--config", str(CONFIG), *grid, "--json", str(table), *quick]) == 0
    fast, slow = json.loads(table.read_text())
    assert (fast["settings"], slow["settings"]) == ({"optimizer.lr": 0.01}, {"optimizer.lr": 0.001})
    assert len(fast["values"]) == len(slow["values"]) == 2
    assert fast["values"][0] != fast["values"][1]
    assert sum(fast["values"]) > sum(slow["values"])
    assert "optimizer.lr" in capsys.readouterr().out


def test_values_are_a_list() -> None:
    assert values_of("classification.labels=[100, null]") == ("classification.labels", [100, None])
    for wrong in ("a=3", "a", "a=[]", "=[1]", "a=[1"):
        with pytest.raises(UserError, match="expected a setting and a list of its values"):
            values_of(wrong)
