"""Models by name, and what the command says where there is none."""

import shutil
import socket
from pathlib import Path

import pytest

from segnet import cli
from segnet.errors import UserError
from segnet.web import models as models_module
from segnet.web.models import Models, models_to_offer
from segnet.web.problems import RefusedError


def test_folders_give_the_names_and_equal_ones_a_number(folders: list[str], tmp_path: Path) -> None:
    shutil.copytree(folders[0], tmp_path / "lite")
    models = Models([*folders, str(tmp_path / "lite")])
    assert list(models.networks) == ["lite", "other", "bayesian", "lite (2)"]
    assert list(models.autoencoders) == ["dense_autoencoder", "variational_autoencoder"]
    assert models.network(None) is models.networks["lite"]
    with pytest.raises(RefusedError, match="there are: lite, other"):
        models.network("nothing")


def test_predictors_share_a_network_and_keep_their_own_size(models: Models) -> None:
    first, second = (models.predictor("lite", "torch", 1, size) for size in ("trained", "native"))
    assert first.backend is second.backend
    assert (first.size, second.size) == ("trained", "native")


def test_without_a_model_the_built_in_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "packaged_models", lambda: ["camvid-lite"])
    assert models_to_offer([]) == ["camvid-lite"]
    assert models_to_offer(["runs/a"]) == ["runs/a"]
    monkeypatch.setattr(models_module, "packaged_models", list)
    with pytest.raises(UserError, match="train one with 'segnet train --config"):
        models_to_offer([])


def test_the_command_names_a_wrong_model_and_a_taken_port(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", str(tmp_path / "none")]) == 1
    assert "no such model" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["demo", folders[0], "--port", str(port)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"segnet demo: 127.0.0.1:{port}: cannot be used")
    assert error.count("\n") == 1


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_wrong_port_is_wrong_usage(port: str) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["demo", "--port", port])
    assert end.value.code == 2
