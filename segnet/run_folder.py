"""The folder of a run: the paths of its files, and who may write to it."""

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from segnet.config import Config
from segnet.config_file import dump_config, parse_config, read_yaml
from segnet.errors import UserError
from segnet.files import sweep, write_atomically, write_json
from segnet.lock import lock_file
from segnet.model_files import CONFIG, WEIGHTS
from segnet.resuming import Change, changes_on_resuming
from segnet.run_files import (
    CHECKPOINTS,
    CLASSES,
    FIRST_BATCHES,
    LOSSES,
    MACHINE,
    METRICS,
    REPLACED,
    SKIPPED,
    TENSORBOARD,
    TRACKER_IDS,
    UNSETTLED,
    files_of_run,
    has_results,
    move_run,
    remove_run,
)
from segnet.run_tables import MONITORS, read_metrics
from segnet.terminal import say

ANEW = "train under another name with name=NAME, or replace the run with --overwrite"
"""The end of messages about a run that cannot resume."""


class RunFolder:
    """``config.yaml``, ``checkpoints/``, ``model.safetensors``, ``metrics.csv``, ``report.html`` of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_path = path / "config.yaml"
        self.checkpoints = path / CHECKPOINTS
        self.last_checkpoint = self.checkpoints / "last.pt"
        self.best_checkpoint = self.checkpoints / "best.pt"
        self.weights = path / WEIGHTS
        self.metrics_csv = path / "metrics.csv"
        self.metrics_json = path / METRICS
        self.evaluation = path / "evaluation.npz"
        self.report = path / "report.html"
        self.skipped_files = path / SKIPPED
        self.drive = path / "drive.mp4"
        self.losses_csv = path / LOSSES
        self.machine = path / MACHINE
        self.first_batches = path / FIRST_BATCHES
        self.classes = path / CLASSES
        self.tensorboard = path / TENSORBOARD
        self.tracker_ids = path / TRACKER_IDS
        self.replaced = path / REPLACED
        self.unsettled = path / UNSETTLED

    def read_config(self) -> Config | None:
        """The settings that the run was trained with; None for a model that came without them."""
        if not self.config_path.exists():
            return None
        return parse_config(read_yaml(self.config_path), str(self.config_path))

    def check(self, config: Config, resume: bool = False, overwrite: bool = False) -> None:
        """Check that ``open`` will accept the folder, before data or a network are built.

        No file is touched, with one exception: if a command was killed while it set a run aside, the run is put back.

        Raises:
            UserError: as in ``open``.
        """
        if self.unsettled.exists():
            with self.lock():
                self.settle()
        # Once this process has the lock, a run that was set aside comes back if the new one left nothing.
        came_to_nothing = has_results(self.replaced) and not has_results(self.path)
        standing = RunFolder(self.replaced) if came_to_nothing else self
        if resume:
            standing.check_checkpoint()
            standing.check_settings(config)
        elif not overwrite and has_results(standing.path):
            # If another process is training this run, ``lock`` raises its own error.
            self.lock().close()
            raise UserError(f"{self.path}: holds a run already: {describe_run(standing)}; go on with --resume, {ANEW}")

    def check_checkpoint(self) -> None:
        if not self.checkpoints.is_dir():
            raise UserError(f"{self.path}: no run to go on from; leave --resume out to begin it")
        # A run that was killed at the end of its first epoch has measures too, and begins at the start.
        if len(read_metrics(self.metrics_csv)) > 1 and not any(self.checkpoints.glob("*last.pt")):
            raise UserError(f"{self.path}: has no checkpoint to go on from; {ANEW}")

    def check_settings(self, config: Config) -> list[Change]:
        """The changes when the run resumes with ``config``.

        Raises:
            UserError: a setting differs that may not change.
        """
        if not self.config_path.exists():
            return []
        changes = changes_on_resuming(self.read_config() or config, config, str(self.config_path))
        done = len(read_metrics(self.metrics_csv))
        if config.training.epochs < done:
            raise UserError(
                f"{self.path}: training.epochs={config.training.epochs}, but {done} epochs are done; "
                f"set training.epochs={done} to end here, or more to go on"
            )
        return changes

    def open(self, config: Config, resume: bool = False, overwrite: bool = False) -> IO[str]:
        """Make the folder ready and lock it; the lock holds until the returned file is closed.

        Args:
            config: settings of the run.
            resume: resume the run in the folder; some settings may have changed since (:mod:`segnet.resuming`).
            overwrite: set the run in the folder aside, until ``drop_replaced`` is called.

        Raises:
            UserError: the folder cannot be written to; another process writes to it; it holds a run, and neither
                ``resume`` nor ``overwrite`` is True; or ``resume`` is True, and the run has other settings.
        """
        self.check(config, resume, overwrite)
        lock = self.lock()
        try:
            for folder in (self.path, self.checkpoints):
                sweep(folder)
            self.settle()
            # Another process may have changed the folder before this one had the lock.
            self.check(config, resume, overwrite)
            notes = ""
            if resume:
                notes = self.note_changes(config)
            elif overwrite:
                self.set_aside()
            else:
                remove_run(self.path)
            write_atomically(self.config_path, notes + dump_config(config))
        except BaseException:
            lock.close()
            raise
        return lock

    def note_skipped(self, skipped: Mapping[str, Sequence[str]]) -> None:
        """Write down why images were left out of the splits, and say so.

        Args:
            skipped: a line for each image that was left out, by split.
        """
        found = {split: list(lines) for split, lines in skipped.items() if lines}
        if not found:
            self.skipped_files.unlink(missing_ok=True)
            return
        write_json(self.skipped_files, found)
        for split, lines in found.items():
            what = "image that cannot be read is" if len(lines) == 1 else "images that cannot be read are"
            say(f"{len(lines)} {what} left out of {split}, listed in {self.skipped_files}")

    def read_machine(self) -> dict[str, str]:
        """The machine on which the training ran; empty if that was not written down."""
        try:
            machine: dict[str, str] = json.loads(self.machine.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return machine

    def read_skipped(self) -> dict[str, list[str]]:
        """The lines that :meth:`note_skipped` wrote; empty if nothing was left out."""
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

    def lock_for_report(self) -> IO[str]:
        """Keep trainings away while a report is measured and written; the lock holds until the returned file is closed.

        Raises:
            UserError: a training is under way, or this user may not write here.
        """
        try:
            return lock_file(self.path / ".lock")
        except BlockingIOError:
            raise UserError(
                f"{self.path}: a training is under way, which writes its report at its end; "
                "for one of the weights so far, name a page elsewhere with --out FILE"
            ) from None
        except OSError as error:
            raise UserError(
                f"{self.path}: the run folder cannot be written to ({error.strerror}); "
                "name a page elsewhere with --out FILE"
            ) from None

    def note_changes(self, config: Config) -> str:
        """Print which settings changed and from which epoch on, and return this as comments for ``config.yaml``."""
        if not self.config_path.exists():
            return ""
        before = self.config_path.read_text(encoding="utf-8").splitlines(keepends=True)
        notes = "".join(itertools.takewhile(lambda line: line.startswith("#"), before))
        for change in self.check_settings(config):
            if change.matters:
                line = f"{change} from epoch {len(read_metrics(self.metrics_csv)) + 1} on"
                say(f"{self.path}: {line}")
                notes += f"# {line}\n"
        return notes

    def set_aside(self) -> None:
        """Move the run to ``replaced``. If the run there has not been replaced yet, that one stays."""
        if has_results(self.replaced) or not has_results(self.path):
            remove_run(self.path)
            return
        if self.replaced.exists():
            raise UserError(f"{self.replaced}: holds files that no training wrote; move them to another folder")
        # The name of the folder says that the move is not finished.
        move_run(self.path, self.unsettled)
        self.unsettled.rename(self.replaced)

    def drop_replaced(self) -> None:
        """Remove the run that was set aside. This is called once the new run has measured weights."""
        remove_run(self.replaced)

    def settle(self) -> None:
        """Tidy up after a kill or a failure: the run that was set aside is removed or put back.

        It is removed if the new run has weights.
        """
        if self.weights.exists() and (self.path / CONFIG).exists():
            self.drop_replaced()
        elif has_results(self.replaced) and not has_results(self.path):
            remove_run(self.path)
            self.replaced.rename(self.unsettled)
        if self.unsettled.exists():
            move_run(self.unsettled, self.path)


def where_it_is(config: Config, path: Path) -> Config:
    """The config of a run that may have been moved since, with the folder in which it lies now.

    Args:
        config: read from ``path``, with settings replaced.
        path: ``config.yaml`` of a run folder, or any other config, which stays as it is.
    """
    run = RunFolder(path.resolve().parent)
    if path.name != run.config_path.name or not run.checkpoints.is_dir():
        return config
    own = run.read_config()
    if own is None or own.run_folder != config.run_folder or config.run_folder.resolve() == run.path:
        return config
    moved = {"runs": str(run.path.parent), "name": run.path.name}
    return parse_config(config.model_dump(mode="json") | moved, str(path))


def describe_run(run: RunFolder) -> str:
    """The epochs of a run, its best measure and its date."""
    rows = read_metrics(run.metrics_csv)
    try:
        config = run.read_config()
    except UserError:
        # Another version wrote the config. The rest is still said.
        config = None
    total = f" of {config.training.epochs}" if config else ""
    parts = [f"{len(rows)}{total} epochs"]
    name = MONITORS[config.task] if config else ""
    if measured := [row for row in rows if row.get(name)]:
        best = max(measured, key=lambda row: float(row[name]))
        parts.append(f"best {name} {float(best[name]):.4f} in epoch {best['epoch']}")
    latest = max(path.stat().st_mtime for path in files_of_run(run.path))
    parts.append(f"last written {datetime.fromtimestamp(latest):%Y-%m-%d %H:%M}")
    return ", ".join(parts)
