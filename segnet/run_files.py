"""The files that a training wrote to a folder. Only these are moved and removed, always together."""

from pathlib import Path

from segnet.files import sync_folder
from segnet.model_files import CONFIG, WEIGHTS

MANIFEST = "manifest.json"
"""It lies beside the checkpoints and describes each of them."""
METRICS = "metrics.json"
LOSSES, MACHINE = "losses.csv", "machine.json"
TRACKER_IDS = "trackers.json"
"""The ids that W&B and MLflow gave the run."""
FIRST_BATCHES, CLASSES = "first_batches.png", "classes.png"
"""They show what the run is about to learn."""
SKIPPED = "skipped_files.json"
"""Images that a training left out of its data, by split; missing if there are none."""
CHECKPOINTS, TENSORBOARD = "checkpoints", "tensorboard"
REPLACED = "replaced"
"""The folder, inside a run folder, of the run that ``--overwrite`` sets aside."""
UNSETTLED = ".replaced"
"""The name of that folder while its files are moved. Files that are found there belong back in the run folder."""

RESULTS = (
    *(WEIGHTS, CONFIG, "checkpoints/*last.pt", "checkpoints/best.pt", "metrics.csv", METRICS),
    *("evaluation.npz", "report.html", "drive.mp4"),
    *("per_class.csv", "confusion.csv", "images.csv", "calibration.csv", "certainty.csv"),
    *("quality.csv", "restoration.csv", "rate_distortion.csv", "representation.csv"),
)
"""Files that took a training to make."""

TRACES = (
    *("config.yaml", SKIPPED, FIRST_BATCHES, CLASSES, LOSSES, MACHINE, TRACKER_IDS),
    *(f"checkpoints/{MANIFEST}", "tensorboard/events.*", "bad_batches*.json"),
)
"""Other files, which a run that failed at once may have left."""


def has_results(folder: Path) -> bool:
    """Whether the folder holds more than a run leaves that failed before its first checkpoint."""
    return any(next(folder.glob(pattern), None) for pattern in RESULTS)


def move_run(folder: Path, target: Path) -> None:
    """Move the files of a training, and no others, one by one. ``folder`` is removed if it is empty then."""
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
    """Remove the files of a training, and no others. ``folder`` is removed if it is empty then."""
    for path in files_of_run(folder):
        path.unlink()
    remove_empty(folder)


def files_of_run(folder: Path) -> list[Path]:
    return [path for pattern in (*RESULTS, *TRACES) for path in sorted(folder.glob(pattern))]


def remove_empty(folder: Path) -> None:
    """Remove the empty folders of a run that was set aside. Those of a current run stay."""
    if folder.name in (REPLACED, UNSETTLED):
        for path in (folder / CHECKPOINTS, folder / TENSORBOARD, folder):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
