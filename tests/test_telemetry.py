"""No library reports its use to its makers, unless the user wants it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segnet.telemetry import CHOICES, report_nothing


def test_a_users_own_choice_stays() -> None:
    environment = {"ORT_DISABLE_TELEMETRY": "0"}
    report_nothing(environment)
    assert environment == CHOICES | {"ORT_DISABLE_TELEMETRY": "0"}


IMPORTS = {
    "onnxruntime": "import onnxruntime",
    "mlflow": "from mlflow.telemetry.utils import is_telemetry_disabled; assert is_telemetry_disabled()",
    "huggingface_hub": "from huggingface_hub.constants import HF_HUB_DISABLE_TELEMETRY as off; assert off",
}


@pytest.mark.parametrize("library", IMPORTS)
def test_a_library_is_silent_and_leaves_no_number_of_the_device(library: str, tmp_path: Path) -> None:
    pytest.importorskip(library)
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    for folder in (home, temporary):
        folder.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES and name != "CI"}
    folders = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "TMPDIR": str(temporary)}
    subprocess.run(
        [sys.executable, "-c", f"import segnet; {IMPORTS[library]}"],
        env=environment | folders,
        check=True,
        capture_output=True,
    )
    if library == "onnxruntime":
        assert not list(home.iterdir())
        assert not list(temporary.iterdir())
