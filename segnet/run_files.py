"""The files of a folder that a training wrote. Only these are moved and removed, always together."""

from pathlib import Path

from segnet.files import sync_folder
from segnet.nn.saved import CONFIG, WEIGHTS

MANIFEST = "manifest.json"
"""Beside the checkpoints: what each of them is."""
METRICS = "metrics.json"
LOSSES, MACHINE = "losses.csv", "machine.json"
TRACKER_IDS = "trackers.json"
"""The ids that W&B and MLflow gave the run."""
FIRST_BATCHES, CLASSES = "first_batches.png", "classes.png"
"""What the run is about to learn, to look at as it begins."""
SKIPPED = "skipped_files.json"
"""What a training left out of its data, by split; not there where that is nothing."""
CHECKPOINTS, TENSORBOARD = "checkpoints", "tensorboard"
REPLACED = "replaced"
"""Folder within a run's, of the run that ``--overwrite`` sets aside."""
UNSETTLED = ".replaced"
"""The same while its files are moved there or back; what is found there belongs back in its place."""

RESULTS = (
    *(WEIGHTS, CONFIG, "checkpoints/*last.pt", "checkpoints/best.pt", "metrics.csv", METRICS),
    *("evaluation.npz", "report.html", "drive.mp4"),
    *("per_class.csv", "confusion.csv", "images.csv", "calibration.csv", "certainty.csv"),
    *("quality.csv", "restoration.csv", "rate_distortion.csv", "representation.csv"),
)
"""What took a training time to make."""

TRACES = (
    *("config.yaml", SKIPPED, FIRST_BATCHES, CLASSES, LOSSES, MACHINE, TRACKER_IDS),
    *(f"checkpoints/{MANIFEST}", "tensorboard/events.*", "bad_batches*.json"),
)
"""What is there as well of a run that failed at once."""


def has_results(folder: Path) -> bool:
    """Whether the folder holds more of a run than one leaves that failed before its first checkpoint."""
    return any(next(folder.glob(pattern), None) for pattern in RESULTS)


def move_run(folder: Path, target: Path) -> None:
    """Move what a training wrote, and nothing else, file by file; ``folder`` goes where it is empty then."""
    target.mkdir(exist_ok=True)
    for path in files_of_run(folder):
        place = target / path.relative_to(folder)
        place.parent.mkdir(exist_ok=True)
        path.replace(place)
    for moved_to in (target, target / CHECKPOINTS):
        if moved_to.exists():
            sync_folder(moved_to)
    remove_empty(folder)


def remove_run(folder: Path) -> None:
    """Remove what a training wrote, and nothing else; ``folder`` goes where it is empty then."""
    for path in files_of_run(folder):
        path.unlink()
    remove_empty(folder)


def files_of_run(folder: Path) -> list[Path]:
    return [path for pattern in (*RESULTS, *TRACES) for path in sorted(folder.glob(pattern))]


def remove_empty(folder: Path) -> None:
    """Remove the folder of a run that was set aside, as far as it is empty; that of a run under way stays."""
    if folder.name in (REPLACED, UNSETTLED):
        for path in (folder / CHECKPOINTS, folder / TENSORBOARD, folder):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
