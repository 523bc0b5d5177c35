"""The row that a test carries, a tiny training, and what long runs counted."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from segnet.config_file import dump_config, parse_config
from segnet.training.checkpoint import load_checkpoint
from tests.faults.programs import Before, Program, without_report
from tests.faults.rows import LONG, Row
from tests.training.test_loop import assert_same, tiny_config

COUNTS = Path(__file__).with_name("long.json")

# Under nohup the programs that the tests start would ignore a closed terminal.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """The test's own row of the table."""
    row: Row = request.function.row
    return row


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note what a long run counted, for the docs; a short one notes nothing."""

    def note(result: str) -> None:
        if LONG:
            counts = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
            counts[request.function.__name__] = result
            COUNTS.write_text(json.dumps(counts, indent=2, sort_keys=True, ensure_ascii=False) + "\n")

    return note


@dataclass
class Training:
    """A config of a few seconds and the run folder that it fills."""

    config: Path
    folder: Path

    def start(self, *words: str, before: tuple[Before, ...] = (without_report,)) -> Program:
        return Program(["train", "--config", str(self.config), *words], *before)

    def run(self, *words: str, before: tuple[Before, ...] = (without_report,)) -> tuple[int, str]:
        program = self.start(*words, before=before)
        return program.wait(), program.errors

    def resume_to_end(self, *words: str) -> str:
        """Go on where the run was stopped, or begin where it had not begun."""
        code, errors = self.run(*(["--resume"] if self.folder.is_dir() else []), *words)
        assert code == 0, errors
        return errors

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoints" / "last.pt"

    def epochs(self) -> list[str]:
        """The rows of metrics.csv without the columns that hold times."""
        return [",".join(line.split(",")[:-2]) for line in (self.folder / "metrics.csv").read_text().splitlines()]


Begin = Callable[..., Training]


@pytest.fixture
def begin(tiny_camvid: Path, tmp_path: Path) -> Begin:
    """Makes a training of two epochs of five steps, each of which is saved; settings may be replaced."""

    def training(name: str = "run", data: Path = tiny_camvid, runs: Path = tmp_path, **settings: Any) -> Training:
        return make_training(data, runs, name, **settings)

    return training


def make_training(
    data: Path,
    runs: Path,
    name: str,
    *,
    workers: int = 0,
    augmentation: list[dict[str, Any]] | None = None,
    widths: list[int] | None = None,
    **training: Any,
) -> Training:
    """The tests' tiny config with other settings, of its ``training`` where nothing else is said."""
    tree = tiny_config(data, runs, name, **{"checkpoint_minutes": 1e-9, **training}).model_dump(mode="json")
    tree["data"]["workers"] = workers
    tree["model"]["widths"] = widths or tree["model"]["widths"]
    tree["augmentation"] = tree["augmentation"] if augmentation is None else augmentation
    config = parse_config(tree, name)
    file = runs / f"{name}.yaml"
    file.write_text(dump_config(config))
    return Training(file, runs / name)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may read, outside of pytest's own, which no other user may."""
    package = Path(__file__).parents[2]
    if os.getuid() == 0 and any(not folder.stat().st_mode & 0o001 for folder in package.parents):
        pytest.skip("another user could not import the package from where it lies")
    folder = Path(tempfile.mkdtemp(prefix="segnet_public_"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def undisturbed(tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The run that every disturbed one has to equal in the end."""
    training = make_training(tiny_camvid, tmp_path_factory.mktemp("undisturbed"), "run")
    training.resume_to_end()
    return training


@pytest.fixture(scope="session")
def model(undisturbed: Training) -> Path:
    """A small model to predict with; it is not written to."""
    return undisturbed.folder


@pytest.fixture
def assert_undisturbed(undisturbed: Training) -> Callable[[Training], None]:
    """Compares a run's weights, optimiser, position and table with the undisturbed run's, to the bit."""
    wanted = load_checkpoint(undisturbed.checkpoint)

    def compare(training: Training) -> None:
        assert_same(load_checkpoint(training.checkpoint), wanted)
        weights = [(run.folder / "model.safetensors").read_bytes() for run in (training, undisturbed)]
        assert weights[0] == weights[1]
        assert training.epochs() == undisturbed.epochs()
        names = {file.name for file in training.checkpoint.parent.iterdir()}
        assert names == {"best.pt", "last.pt", "previous_last.pt", "manifest.json"}

    return compare
