"""Text from outside on the terminal: names mean nothing there but themselves."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from segnet.inference.evaluation_table import evaluation_table
from tests.faults.conftest import Begin
from tests.faults.programs import compute_in_bf16, segnet, without_report
from tests.faults.rows import Row, fault


@fault(
    "Text",
    "class names with markup of rich, line breaks or terminal codes, in the table of `evaluate`",
    shown="",
    code=0,
    kept="the names are printed unchanged, but control characters are written out",
)
def test_class_names_with_markup(row: Row) -> None:
    row.check(0, "")
    numbers = {"iou": 0.5, "recall": None, "precision": 1.0, "boundary_f1": 0.25, "pixels": 1000, "images": 2}
    names = ["[bold]road[/bold]", "[/red]", "a\nb", "\x1b[31mred"]
    means = {"mean_iou": 0.1, "global_accuracy": 0.2, "class_accuracy": 0.3, "boundary_f1": 0.4}
    measures: dict[str, Any] = means | {
        "per_class": dict.fromkeys(names, numbers),
        "absent": ["[/none]"],
        "dropout_samples": 1,
        "images": 3,
    }
    console = Console(width=120, file=io.StringIO(), force_terminal=False)
    console.print(evaluation_table(measures))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    for shown in ("[bold]road[/bold]", "[/red]", r"a\nb", r"\x1b[31mred", "[/none]", "mean IoU 0.1000"):
        assert shown in printed
    assert "\x1b" not in printed


READ_IN_PROCESSES = """
import time
from segnet.datasets.parallel import map_files

def slowly(_, item):
    time.sleep(0.02)

if __name__ == "__main__":
    print("begins", flush=True)
    try:
        list(map_files(slowly, None, range(1000), 3))
    except KeyboardInterrupt:
        raise SystemExit(130)
"""


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5, 1.0, 2.0])
@fault(
    "Text",
    "Ctrl-C while the processes that read files start",
    shown="",
    code=130,
    kept="no traceback of a process is printed, whatever it was importing",
)
def test_ctrl_c_while_processes_start(seconds: float, tmp_path: Path, row: Row) -> None:
    script = tmp_path / "script.py"
    script.write_text(READ_IN_PROCESSES)
    program = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert program.stdout is not None
    program.stdout.readline()
    time.sleep(seconds)
    os.killpg(program.pid, signal.SIGINT)
    errors = program.communicate(timeout=60)[1]
    row.check(program.returncode, errors)
    assert errors == ""


@fault(
    "Text",
    "what PyTorch Lightning says of a training in bf16",
    shown="",
    code=0,
    kept="where the first images are, a line for each epoch, and nothing of the libraries",
)
def test_a_training_says_nothing_of_libraries(begin: Begin, row: Row) -> None:
    training = begin(precision="bf16-mixed", epochs=1)
    code, errors = training.run(before=(without_report, compute_in_bf16))
    row.check(code, errors)
    assert "AMP" not in errors
    assert len(errors.splitlines()) == 2, errors


@fault(
    "Text",
    "NNCF's bars and notes, as int8 is exported",
    shown="calibrating int8 on 2 images",
    code=0,
    kept="one line of ours instead",
)
def test_an_int8_export_says_nothing_of_libraries(model: Path, tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    words: list[str | Path] = ["--data", tiny_camvid, "--images", "2", "--precision", "int8", "--max-loss", "0.9"]
    code, output = segnet("export", model, "--out", tmp_path / "model.xml", *words)
    row.check(code, output)
    for word in ("Statistics", "Bias", "INFO", "CUDA"):
        assert word not in output
