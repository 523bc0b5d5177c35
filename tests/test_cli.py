"""The command line: exit codes, one-line errors, and nothing heavy imported for its help."""

import importlib
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from segnet import cli
from segnet.errors import UserError


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """``segnet report`` with a body that the test gives."""
    module = SimpleNamespace(add_arguments=lambda parser: None, run=lambda args: 0)
    monkeypatch.setattr(importlib, "import_module", lambda name: module)
    return module


def raising(error: BaseException) -> Any:
    def run(_: object) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UserError("a.yaml: no such config file"), 1, "segnet report: a.yaml: no such config file\n"),
        (
            OSError(28, "No space left on device", "x.pt"),
            1,
            "segnet report: x.pt: No space left on device; make room there and give the command again\n",
        ),
        (OSError("no reason"), 1, "segnet report: no reason\n"),
        (KeyboardInterrupt(), 130, "segnet report: stopped\n"),
        (KeyboardInterrupt("saved; go on with --resume"), 130, "segnet report: saved; go on with --resume\n"),
        (UserError("a\nb\x1b[2J.png: no"), 1, "segnet report: a\\nb\\x1b[2J.png: no\n"),
    ],
)
def test_an_error_is_a_line_and_a_code(
    command: SimpleNamespace, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    command.run = raising(error)
    assert cli.main(["report"]) == code
    assert capsys.readouterr().err == line


def test_sigterm_ends_a_command_as_ctrl_c_does(command: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    command.run = lambda args: signal.raise_signal(signal.SIGTERM)
    assert cli.main(["report"]) == 130
    assert capsys.readouterr().err == "segnet report: stopped\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_success_is_zero(command: SimpleNamespace) -> None:
    assert cli.main(["report"]) == 0


def test_a_mistake_in_the_program_keeps_its_traceback(
    command: SimpleNamespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGNET_DEBUG", "1")
    command.run = raising(ZeroDivisionError())
    assert cli.main(["report"]) == 1
    trace = capsys.readouterr().err
    assert trace.startswith("Traceback")
    assert trace.splitlines()[-1].startswith("segnet report: an error that segnet has no sentence for (ZeroDivision")


@pytest.mark.parametrize("arguments", [[], ["trian"], ["train"], ["train", "--config"], ["--no-such-option"]])
def test_wrong_usage_is_code_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert "usage: segnet" in capsys.readouterr().err


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help"])
    assert end.value.code == 0
    assert cli.COMMANDS[name].split(";")[0] in " ".join(capsys.readouterr().out.split())


def test_a_wrong_config_is_one_line_of_the_real_command(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--config", str(tmp_path / "none.yaml")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"segnet train: {tmp_path}/none.yaml: no such config file")
    assert error.count("\n") == 1


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom segnet.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'numpy', 'cv2', 'pydantic', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "write", ["print('x' * 100)", "output_console(width=100).print('x' * 100)"], ids=["a line", "a table"]
)
def test_a_reader_that_leaves_early_is_no_error(write: str) -> None:
    program = (
        "import sys\nfrom types import SimpleNamespace\nfrom segnet import cli\n"
        "from segnet.terminal import output_console\n"
        f"def run(args):\n    for _ in range(5000):\n        {write}\n    return 0\n"
        "module = SimpleNamespace(add_arguments=lambda parser: None, run=run)\n"
        "cli.importlib = SimpleNamespace(import_module=lambda name: module)\n"
        "sys.exit(cli.main(['report']))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run([sys.executable, "-m", "segnet.cli", "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
