"""Measure what needs a GPU, in less than ten minutes: SegNet and the deep SegNet-Lite are trained to their end.

    make gpu                                             # runs/gpu
    python benchmarks/gpu.py --minutes 9 --out runs/gpu
    python benchmarks/gpu.py --out /tmp/gpu --rehearse   # one epoch of a few images, on any machine

In order: the tests of CUDA, images a second against the device's peak, then both trainings, which share the time that
is left (``training.hours``). The results lie in the folder, in few files of moderate size: weights in half precision,
cut into pieces of 15 MiB that ``cat`` joins again, and ``measures.zip`` with the rest and the output of each part. The
run folders stay in ``runs``. A part that fails does not stop the others.
"""

import argparse
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import torch

from segnet.model_files import WEIGHTS
from segnet.nn.saved import load_model, save_model

SHARES = {"segnet_gpu": 0.6, "segnet_lite_deep_gpu": 0.4}
"""Configs, and their shares of the remaining time."""
MEASURING = 40
"""Seconds of a training besides its steps: to start, and to measure at its end."""
PIECE = 15 * 2**20
NEVER = 10**6
"""Epochs between two measurements, so that there is only one at the end."""
SEGNET = (sys.executable, "-m", "segnet.cli")
REHEARSAL = (
    *("training.epochs=1", "training.batch_size=2", "training.validate_every=1", "training.precision=32-true"),
    *("data.train=train%0..2", "data.val=val%0..4", "data.workers=0"),
    "augmentation=[{RandomCrop: {height: 64, width: 96}}]",
)


def part(name: str, runs: Path, command: Sequence[str], seconds: float | None) -> bool:
    """Run a command for at most ``seconds``, with its output in a file; gives whether it succeeded."""
    begin = time.monotonic()
    with (runs / f"{name}.log").open("w") as log:
        try:
            ended = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=seconds, check=False)
            outcome = "done" if ended.returncode == 0 else f"ended with {ended.returncode}"
        except subprocess.TimeoutExpired:
            outcome = "stopped, out of time"
    print(f"{name}: {outcome} after {time.monotonic() - begin:.0f} s", flush=True)
    return outcome == "done"


def cut_weights(run: Path, out: Path) -> None:
    """Write the weights of a run in half precision, in pieces."""
    save_model(run / "half", load_model(run), torch.float16)
    weights = (run / "half" / WEIGHTS).read_bytes()
    for number, start in enumerate(range(0, len(weights), PIECE)):
        (out / f"{run.name}.safetensors.{number}").write_bytes(weights[start : start + PIECE])


def collect(runs: Path, archive: Path) -> None:
    """Collect the small files: logs, measures, settings."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted([*runs.glob("*.log"), *runs.glob("*.json"), *runs.glob("*/*.json"), *runs.glob("*/*.csv")]):
            zipped.write(path, path.relative_to(runs))


def train(name: str, arguments: argparse.Namespace, runs: Path, seconds: float) -> None:
    """Train for ``seconds``, including the start and the measurement at the end."""
    if arguments.rehearse:
        settings, limit = list(REHEARSAL), None
    else:
        hours = max(30.0, seconds - MEASURING) / 3600
        settings, limit = [f"training.hours={hours:.4f}", f"training.validate_every={NEVER}"], seconds + MEASURING
    command = [*SEGNET, "train", "--overwrite", "--config", f"configs/camvid/{name}.yaml", f"name={name}"]
    command.append(f"runs={runs}")
    if part(name, runs, [*command, *settings, *arguments.settings], limit):
        cut_weights(runs / name, arguments.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"))
    parser.add_argument("--rehearse", action="store_true", help="one epoch of a few images, on any device")
    parser.add_argument("settings", nargs="*", help="of both trainings, such as data.root=/data/CamVid")
    arguments = parser.parse_args()
    if not (torch.cuda.is_available() or arguments.rehearse):
        parser.error("no CUDA device here; --rehearse tries everything on a few images")
    end = time.monotonic() + 60 * arguments.minutes
    out, runs = arguments.out, Path("runs/gpu_runs")
    for folder in (out, runs):
        folder.mkdir(parents=True, exist_ok=True)
    limits = (None, None) if arguments.rehearse else (60, 90)
    part("tests", runs, [sys.executable, "-m", "pytest", "-q", "tests/test_cuda.py"], limits[0])
    quick = ["--quick"] if arguments.rehearse else []
    speed = [*SEGNET, "benchmark", "--networks", "segnet", "segnet_lite", "--json", str(runs / "speed.json"), *quick]
    part("speed", runs, speed, limits[1])
    left = end - time.monotonic()
    for name, share in SHARES.items():
        train(name, arguments, runs, share * left)
    collect(runs, out / "measures.zip")
    print(f"weights and measures: {out}, run folders: {runs}")


if __name__ == "__main__":
    main()
