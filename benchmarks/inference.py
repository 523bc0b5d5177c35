"""Time ways to run a model, each in its own process, in turns.

    python benchmarks/inference.py runs/segnet_cpu segnet_int8.xml

`segnet benchmark` runs all of them in one process, where memory that one way has freed serves the next. Plain PyTorch
spends up to a third of its time on pages that the kernel fills with zeros, so its speed there depends on what ran
before. Here every way starts with fresh memory, like a program that runs nothing else, and "torch" runs as in `segnet
video`. The figures are medians over rounds of a process's median.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import cv2
import torch

from segnet.datasets.image_files import read_image
from segnet.hardware import keep_freed_memory
from segnet.inference.backends import open_backend
from segnet.inference.model import open_model
from segnet.nn.saved import load_model
from segnet.speed.inference import plain
from segnet.speed.timing import Job, medians

CPU = torch.device("cpu")
PHOTO = next((Path(__file__).parents[1] / "segnet" / "web" / "samples").glob("*.jpg"))
WAYS = ("plain fp32", "torch fp32", "torch bf16", "openvino fp32", "openvino bf16", "openvino int8")


def job_of(way: str, folder: str, int8_file: str) -> Job:
    name, precision = way.split()
    # On noise, a class border runs through every pixel, and enlarging the logits takes longer than on a photo.
    photo = cv2.resize(read_image(PHOTO), (480, 360), interpolation=cv2.INTER_AREA)
    image = torch.from_numpy(photo[None]).permute(0, 3, 1, 2)
    if name == "plain":
        return plain(load_model(folder), image.contiguous(), CPU)
    if name == "torch":
        keep_freed_memory()
    model = open_model(int8_file) if precision == "int8" else load_model(folder)
    backend = open_backend(name, model, precision, "cpu")
    return lambda: backend.classes(image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="run folder")
    parser.add_argument("int8", help="the same model, exported for OpenVINO in int8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.way:
        job = job_of(arguments.way, arguments.model, arguments.int8)
        print(medians({arguments.way: job}, 7, CPU)[arguments.way])
        return
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(arguments.rounds):
        for way in WAYS:
            command = [sys.executable, *sys.argv, "--way", way]
            output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            seconds[way].append(float(output.splitlines()[-1]))
    for way, times in seconds.items():
        median = statistics.median(times)
        print(f"{way:14}{1000 * median:8.1f} ms{statistics.median(seconds['plain fp32']) / median:8.2f} x plain")


if __name__ == "__main__":
    main()
