"""``segnet configs``: the list that people choose from, and a copy that trains the same."""

from pathlib import Path

import pytest

from segnet.cli import main
from segnet.config_file import load_config
from segnet.config_names import config_names


def test_the_list_has_a_line_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["configs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == config_names()
    assert lines[0].startswith("quickstart ")
    assert "make train" in lines[0]


def test_a_copy_holds_the_same_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["configs", "camvid/segnet_lite"]) == 0
    copy = tmp_path / "segnet_lite.yaml"
    copy.write_text(capsys.readouterr().out)
    assert load_config(copy) == load_config("camvid/segnet_lite")


def test_a_name_that_is_none_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["configs", "segnet_lite"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "did you mean camvid/segnet_lite?" in printed.err
