"""The folder of a run: where everything of it lies, and who may write to it."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from segnet.config import Config
from segnet.config_file import dump_config, parse_config, read_yaml
from segnet.errors import UserError
from segnet.files import remove_leftovers, write_atomically, write_json
from segnet.lock import lock_file
from segnet.nn.saved import CONFIG, WEIGHTS
from segnet.terminal import say

MANIFEST = "manifest.json"
"""Beside the checkpoints: what each of them is."""
METRICS = "metrics.json"
SKIPPED = "skipped_files.json"
"""What a training left out of its data, by split; not there where that is nothing."""


class RunFolder:
    """``config.yaml``, ``checkpoints/``, ``model.safetensors``, ``metrics.csv``, ``report.html`` of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_path = path / "config.yaml"
        self.checkpoints = path / "checkpoints"
        self.last_checkpoint = self.checkpoints / "last.pt"
        self.best_checkpoint = self.checkpoints / "best.pt"
        self.weights = path / WEIGHTS
        self.metrics_csv = path / "metrics.csv"
        self.metrics_json = path / METRICS
        self.evaluation = path / "evaluation.npz"
        self.report = path / "report.html"
        self.skipped_files = path / SKIPPED
        self.drive = path / "drive.mp4"
        self.tensorboard = path / "tensorboard"

    def read_config(self) -> Config | None:
        """The settings that the run was trained with; None for a model that came without them."""
        if not self.config_path.exists():
            return None
        return parse_config(read_yaml(self.config_path), str(self.config_path))

    def open(self, config: Config, resume: bool) -> IO[str]:
        """Make the folder ready and lock it; the lock holds until the returned file is closed.

        Raises:
            UserError: the folder cannot be written to; another run writes to it; or it holds a run of other
                settings and ``resume`` is True.
        """
        if resume and not self.checkpoints.is_dir():
            raise UserError(f"{self.path}: no run to go on from; train without --resume")
        lock = self.lock()
        for folder in (self.path, self.checkpoints):
            remove_leftovers(folder)
        if resume:
            self.check_settings(config)
        elif self.config_path.exists():
            self.clear()
        write_atomically(self.config_path, dump_config(config))
        return lock

    def note_skipped(self, skipped: Mapping[str, Sequence[str]]) -> None:
        """Write down why images were left out of the splits, and say so.

        Args:
            skipped: a line for each image that was left out, by the name of its split.
        """
        found = {split: list(lines) for split, lines in skipped.items() if lines}
        if not found:
            self.skipped_files.unlink(missing_ok=True)
            return
        write_json(self.skipped_files, found)
        for split, lines in found.items():
            what = "image that cannot be read is" if len(lines) == 1 else "images that cannot be read are"
            say(f"{len(lines)} {what} left out of {split}, listed in {self.skipped_files}")

    def read_skipped(self) -> dict[str, list[str]]:
        """What :meth:`note_skipped` wrote; empty where nothing was left out."""
        try:
            skipped: dict[str, list[str]] = json.loads(self.skipped_files.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return skipped

    def lock(self) -> IO[str]:
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            return lock_file(self.path / ".lock")
        except BlockingIOError:
            raise UserError(
                f"{self.path}: another training writes to this folder; give this one another name"
            ) from None
        except OSError as error:
            raise UserError(
                f"{self.path}: the run folder cannot be written to ({error.strerror}); "
                "set runs=FOLDER to a folder of your own, or name=NAME"
            ) from None

    def check_settings(self, config: Config) -> None:
        """Going on with other settings would give a run that its own config does not describe."""
        began_with = self.read_config()
        if began_with is None:
            return
        # Read as settings, so that one which an older version did not have yet has its default.
        before, now = began_with.model_dump(mode="json"), config.model_dump(mode="json")
        changed = [key for key in now if key not in ("training", "data") and before[key] != now[key]]
        changed += [
            f"{part}.{key}"
            for part in ("training", "data")
            for key, value in now[part].items()
            if key not in MAY_CHANGE and before[part][key] != value
        ]
        if changed:
            raise UserError(
                f"{self.config_path}: {changed[0]} is not what the run began with; "
                "resume with the same settings, or train without --resume"
            )

    def clear(self) -> None:
        """A run that starts anew leaves nothing of the one before that could be taken for its own."""
        for path in (*(self.path / name for name in RESULTS), self.metrics_csv, self.metrics_json):
            path.unlink(missing_ok=True)
        for pattern in ("checkpoints/*.pt", f"checkpoints/{MANIFEST}", "tensorboard/events.*", "bad_batches*.json"):
            for path in self.path.glob(pattern):
                path.unlink()


MAY_CHANGE = frozenset(
    {
        "workers",
        "cache",
        "root",
        "val_batch_size",
        "checkpoint_minutes",
        "keep_checkpoints",
        "process_minutes",
        "bad_loss",
        "devices",
        "strategy",
        "accelerator",
        "compile",
    }
)
"""Settings of data and training that do not change what a run computes."""


RESULTS = (
    *(WEIGHTS, CONFIG, SKIPPED, "evaluation.npz", "report.html", "drive.mp4"),
    *("per_class.csv", "confusion.csv", "images.csv", "calibration.csv", "certainty.csv"),
    *("reconstructions.csv", "restoration.csv", "compression.csv", "representation.csv"),
)
"""What the end of a run leaves beside its metrics."""


class MetricsTable:
    """``metrics.csv``: a row an epoch; written whole each time, so that it is never half a row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, object]] = []

    def load(self, before_epoch: int) -> None:
        """Take over the rows of the epochs that a resumed run has behind it."""
        self.rows = [{**row} for row in read_metrics(self.path) if int(row["epoch"]) < before_epoch]

    def add(self, row: dict[str, object]) -> None:
        self.rows.append(row)
        text = io.StringIO()
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomically(self.path, text.getvalue())


def read_metrics(path: Path) -> list[dict[str, str]]:
    """Rows of ``metrics.csv``; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
