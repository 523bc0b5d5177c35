"""What the Tab key offers, asked as the shells ask it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segnet.cli import COMMANDS, main


def offered(line: str, folder: Path) -> list[str]:
    """The words that ``line`` may go on with, typed in ``folder``."""
    answer = folder / ".answer"
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer)}
    line_asked = {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    source = Path(__file__).parent.parent
    path = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | asked | line_asked | {"PYTHONPATH": path}
    subprocess.run([sys.executable, "-m", "segnet.cli"], env=environment, cwd=folder, check=True)
    return [word.strip() for word in answer.read_text().split("\n")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("segnet tra", ["train"]),
        ("segnet train --res", ["--resume"]),
        ("segnet train --config quick", ["quickstart"]),
        ("segnet train --config camvid/segnet_b", ["camvid/segnet_basic", "camvid/segnet_basic_cpu"]),
        ("segnet train --config quickstart training.ep", ["training.epochs="]),
        ("segnet train --config quickstart loss.0.ga", ["loss.0.gamma="]),
        ("segnet train --config quickstart optimizer.name=", ["optimizer.name=sgd", "optimizer.name=adamw"]),
        ("segnet train --config quickstart training.channels_last=f", ["training.channels_last=false"]),
        ("segnet predict camv", ["camvid", "camvid-lite"]),
        ("segnet predict runs/m", ["runs/mine"]),
        ("segnet evaluate camvid-lite --split v", ["val"]),
        ("segnet report runs/", ["runs/mine"]),
        ("segnet completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_a_line_is_offered_the_words_that_fit(line: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "config.yaml").touch()
    assert offered(line, tmp_path) == words


def test_an_empty_line_is_offered_every_command(tmp_path: Path) -> None:
    assert set(COMMANDS) <= set(offered("segnet ", tmp_path))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shells_script_names_segnet(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "segnet" in capsys.readouterr().out
