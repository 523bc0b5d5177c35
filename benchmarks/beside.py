"""Measure the commands beside other programs: images a second alone, beside one busy process, and beside two.

    python benchmarks/beside.py
    python benchmarks/beside.py --jobs "train segnet_lite" predict --rounds 3

Each measurement runs in a new process. Two settings take turns, so that other load on the machine affects both:
"before" has OpenMP's own spin count and all cores, and "now" has the package's choice. The script prints medians over
the rounds. At the end it prints what "now" loses on an idle machine and keeps beside one busy process.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from fractions import Fraction
from pathlib import Path

CORES = len(os.sched_getaffinity(0))
# GNU OpenMP's defaults.
BEFORE = {"GOMP_SPINCOUNT": "300000", "OMP_NUM_THREADS": str(CORES)}
SETTINGS: dict[str, dict[str, str]] = {"before": BEFORE, "now": {}}
SCENES = 24
SIZE = (360, 480)
VANILLA = Path(__file__).parents[1] / "configs" / "autoencoders" / "vanilla.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--jobs", nargs="+", choices=list(JOBS), default=list(JOBS), metavar="JOB", help=", ".join(JOBS)
    )
    parser.add_argument("--busy", nargs="+", type=int, default=[0, 1, 2], help="busy processes beside it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", choices=list(JOBS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        with tempfile.TemporaryDirectory() as folder:
            print(JOBS[arguments.run](Path(folder)))
        return
    for job in arguments.jobs:
        found = {busy: measure(job, busy, arguments.rounds) for busy in arguments.busy}
        for busy, rates in found.items():
            words = ", ".join(f"{name} {rate:9.2f}" for name, rate in rates.items())
            print(f"{job:18}{busy} busy: {words} images/s", flush=True)
        if 0 in found:
            kept = found[0]["now"] / found[0]["before"]
            beside = f", beside one {found[1]['now'] / found[0]['now']:.0%} of idle" if 1 in found else ""
            print(f"{job:18}now: idle {kept:.1%} of before{beside}", flush=True)


def measure(job: str, busy: int, rounds: int) -> dict[str, float]:
    """Images a second in each setting, medians."""
    rates: dict[str, list[float]] = {name: [] for name in SETTINGS}
    bare = {key: value for key, value in os.environ.items() if key not in (*BEFORE, "OMP_WAIT_POLICY")}
    with busy_processes(busy):
        for _ in range(rounds):
            for name, variables in SETTINGS.items():
                done = subprocess.run(
                    [sys.executable, __file__, "--run", job],
                    env=bare | variables,
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                rates[name].append(float(done.stdout.splitlines()[-1]))
    return {name: statistics.median(found) for name, found in rates.items()}


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Run ``count`` processes that do nothing but compute."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def rate_of(job: Callable[[], object], images: int, seconds: float = 6) -> float:
    """Images a second of ``job``, over at least ``seconds``, after one call that does not count.

    Args:
        job: what is timed.
        images: number of images that one call handles.
        seconds: the least time.
    """
    job()
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        job()
        count += images
    return count / (time.perf_counter() - begin)


def train(name: str) -> float:
    """The loop's optimiser steps on four images."""
    import torch

    from segnet.hardware import has_bf16
    from segnet.speed.networks import untrained
    from segnet.speed.training import step

    pixels = torch.randint(0, 256, (4, 3, *SIZE), dtype=torch.uint8)
    mask = torch.randint(0, 11, (4, *SIZE), dtype=torch.uint8)
    precision = "bf16" if has_bf16(torch.device("cpu")) else "fp32"
    return rate_of(step(untrained(name, SIZE), pixels, mask, precision, compiled=False), 4)


def train_vanilla(folder: Path) -> float:
    """The vanilla autoencoder's last epochs, by its own metrics.csv."""
    import csv

    from segnet.config_file import load_config
    from segnet.run_folder import RunFolder
    from segnet.training.launch import launch
    from segnet.training.loop import Trainer
    from segnet.training.tasks.build import TASKS

    settings = [f"runs={folder}", "training.epochs=40", "training.validate_every=40", "training.accelerator=cpu"]
    config = load_config(VANILLA, settings)
    run = RunFolder(config.run_folder)
    with run.open(config, resume=False):
        Trainer(TASKS[config.task](config), config, launch(config), run).train(resume=False)
    with run.metrics_csv.open(newline="") as file:
        return statistics.median(float(row["images_per_second"]) for row in list(csv.DictReader(file))[5:])


def command(*words: object) -> Callable[[], object]:
    from segnet.cli import main

    def run() -> None:
        with redirect_stdout(sys.stderr):
            assert main([str(word) for word in words]) == 0

    return run


def predict(folder: Path) -> float:
    from segnet.datasets.scenes import write_scenes

    write_scenes(folder / "scenes", SCENES, 1, SIZE)
    images = folder / "scenes" / "train"
    return rate_of(command("predict", "camvid-lite", images, "--out", folder / "out"), SCENES)


def evaluate(folder: Path) -> float:
    from segnet.datasets.scenes import write_scenes

    write_scenes(folder / "scenes", 1, SCENES, SIZE)
    return rate_of(command("evaluate", "camvid-lite", "--data", folder / "scenes", "--split", "val"), SCENES)


def video(folder: Path) -> float:
    from segnet.inference.video.drive import Drive
    from segnet.inference.video.writer import VideoWriter

    drive = Drive(seed=10_000, length=SCENES, size=SIZE)
    clip = folder / "clip.mp4"
    with VideoWriter(clip, Fraction(12)) as writer:
        for frame in drive.frames():
            writer.write(frame.image, frame.time)
    return rate_of(command("video", "camvid-lite", clip, folder / "out.mp4"), SCENES)


def demo(_folder: Path) -> float:
    """Answers of the demo's interface to one image after another."""
    from fastapi.testclient import TestClient

    from segnet.datasets.image_files import as_png
    from segnet.datasets.scenes import render_scene
    from segnet.web.app import build_app
    from segnet.web.guard import known_hosts
    from segnet.web.limits import Limits
    from segnet.web.models import Models

    app = build_app(Models(["camvid-lite"]), Limits(), known_hosts("127.0.0.1"))
    scenes = [as_png(render_scene(seed, SIZE).image) for seed in range(4)]
    with TestClient(app, "http://127.0.0.1:8765") as client:

        def ask() -> None:
            for scene in scenes:
                client.post("/api/segment", files={"image": scene}).raise_for_status()

        return rate_of(ask, len(scenes))


JOBS: dict[str, Callable[[Path], float]] = {
    "train segnet": lambda _: train("segnet"),
    "train segnet_lite": lambda _: train("segnet_lite"),
    "train vanilla": train_vanilla,
    "predict": predict,
    "evaluate": evaluate,
    "video": video,
    "demo": demo,
}

if __name__ == "__main__":
    main()
