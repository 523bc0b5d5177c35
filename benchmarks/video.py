"""Time `segnet video` from file to file against the bare network, and measure the effect of smoothing.

    python benchmarks/video.py runs/segnet_lite drive.mp4 --size 360x480

Everything runs in one process on the same frames, in turns, so that other load affects all alike. Only the ratios are
meaningful on a machine that does other work. "network" is the back end's logits alone. "two at once" gives each of two
frames half of the cores, as the video does. "predictor" includes resizing and argmax. "video" is everything: reading,
network, drawing and writing an MP4. --stages gives the processor's time of each stage, one after the other on one
thread: that is what the stages take from the network if it has no core for itself. With --drive N, flicker and mean IoU
are measured on N frames of a generated drive with known truth, with and without smoothing.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from segnet.commands.arguments import network_size
from segnet.datasets.classes import CAMVID
from segnet.datasets.scenes import render_sequence
from segnet.hardware import keep_freed_memory
from segnet.inference.enlarge import classes_at
from segnet.inference.overlay import Overlay, class_shares
from segnet.inference.predictor import Predictor
from segnet.inference.tensors import as_tensor, at_size
from segnet.inference.video.frames import FrameSegmenter, Segmented
from segnet.inference.video.layout import Painter
from segnet.inference.video.pipeline import at_once
from segnet.inference.video.reader import Frame, VideoFile
from segnet.inference.video.segment import segment_video
from segnet.inference.video.writer import VideoWriter
from segnet.metrics import SegmentationScores, confusion_matrix
from segnet.nn.saved import load_model


class Part(VideoFile):
    """The first frames of a file."""

    def __init__(self, path: Path, length: int) -> None:
        super().__init__(path)
        self.length = length

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        return itertools.islice(super().frames(start), self.length)


def seconds_of(step: Callable[[], object]) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def compare_rates(predictor: Predictor, clip: Path, frames: int, rounds: int) -> None:
    """Print the median milliseconds for each frame, and the video's rate relative to the two others."""
    source = Part(clip, frames)
    images = [frame.image for frame in source.frames()]
    batch = F.interpolate(as_tensor(images[:1]), predictor.network_size(*images[0].shape[:2]))

    def network() -> None:
        for _ in images:
            predictor.backend.logits(batch)

    def two_at_once() -> None:
        for _ in at_once(predictor.backend.logits, [batch] * len(images), threads):
            pass

    def classes() -> None:
        for image in images:
            predictor.classes_of([image])

    def video() -> None:
        with tempfile.TemporaryDirectory() as folder:
            writer = VideoWriter(Path(folder) / "out.mp4", source.rate)
            segment_video(source, FrameSegmenter(predictor), Painter(Overlay(predictor.classes)), writer)

    steps = {"network": network, "predictor": classes, "video": video}
    threads = FrameSegmenter(predictor).threads(images[0])
    if threads > 1:
        steps["two at once"] = two_at_once
    network()
    times = {name: list[float]() for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(seconds_of(step) / len(images))
    for name, found in times.items():
        print(f"{name:12}{1000 * statistics.median(found):8.1f} ms a frame")
    for name in sorted(set(steps) - {"video"}):
        ratios = [bare / whole for bare, whole in zip(times[name], times["video"], strict=True)]
        print(f"rate of video / rate of {name}: {statistics.median(ratios):.3f}")


def measure_stages(predictor: Predictor, clip: Path, frames: int, rounds: int) -> None:
    """Print the processor's milliseconds for each frame and stage, the least of the rounds."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    source, painter = Part(clip, frames), Painter(Overlay(predictor.classes))
    read = list(source.frames())
    size = read[0].image.shape[0], read[0].image.shape[1]
    seen = [at_size(as_tensor([frame.image]), predictor.network_size(*size)) for frame in read]
    logits = [predictor.backend.logits(batch) for batch in seen]
    masks = [np.asarray(classes_at(values, size))[0] for values in logits]
    found = [Segmented(mask, class_shares(mask, len(predictor.classes))) for mask in masks]
    drawn = [painter(frame.image, result) for frame, result in zip(read, found, strict=True)]

    def write() -> None:
        with tempfile.TemporaryDirectory() as folder, VideoWriter(Path(folder) / "out.mp4", source.rate) as writer:
            for image, frame in zip(drawn, read, strict=True):
                writer.write(image, frame.time)

    stages: dict[str, Callable[[], object]] = {
        "read": lambda: sum(1 for _ in source.frames()),
        "resize": lambda: [at_size(as_tensor([frame.image]), predictor.network_size(*size)) for frame in read],
        "network": lambda: [predictor.backend.logits(batch) for batch in seen],
        "classes": lambda: [classes_at(values, size) for values in logits],
        "shares": lambda: [class_shares(mask, len(predictor.classes)) for mask in masks],
        "draw": lambda: [painter(frame.image, result) for frame, result in zip(read, found, strict=True)],
        "write": write,
    }
    times = {name: [processor_seconds_of(step) for _ in range(rounds)] for name, step in stages.items()}
    least = {name: 1000 * min(values) / len(read) for name, values in times.items()}
    for name, value in least.items():
        print(f"{name:12}{value:8.2f} ms of the processor a frame")
    print(f"network / all stages: {least['network'] / sum(least.values()):.3f}")


def processor_seconds_of(step: Callable[[], object]) -> float:
    begin = time.process_time()
    step()
    return time.process_time() - begin


def measure_smoothing(predictor: Predictor, weight: float, frames: int, seed: int) -> None:
    """Print flicker and mean IoU on a generated drive, before and after smoothing."""
    segment = FrameSegmenter(predictor, weight, measure_flicker=True)
    matrices = np.zeros((2, len(CAMVID), len(CAMVID)), np.int64)
    for sample in render_sequence(seed, frames, predictor.model.info.size):
        (answer,) = segment.predict([sample.image])
        assert answer.probabilities is not None
        masks = np.asarray(answer.probabilities.argmax(0), np.uint8), segment.finish(sample.image, answer).mask
        matrices += np.stack([confusion_matrix(mask, sample.mask, len(CAMVID), CAMVID.ignore_index) for mask in masks])
    assert segment.meter is not None
    rows = zip(("before", "after"), segment.meter.flicker, SegmentationScores(matrices).mean_ious, strict=True)
    for name, flicker, mean_iou in rows:
        print(f"{name:7}flicker {flicker:.4%}  mean IoU {mean_iou:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("clip", type=Path, nargs="?", help="video to time with")
    parser.add_argument("--size", type=network_size)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stages", action="store_true", help="the processor's time of each stage instead")
    parser.add_argument("--drive", type=int, metavar="N", help="measure smoothing on N generated frames")
    parser.add_argument("--smooth", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=10_000)
    arguments = parser.parse_args()
    predictor = Predictor(load_model(arguments.model), arguments.backend, arguments.precision, size=arguments.size)
    keep_freed_memory()  # as the command does
    if arguments.clip:
        measure = measure_stages if arguments.stages else compare_rates
        measure(predictor, arguments.clip, arguments.frames, arguments.rounds)
    if arguments.drive:
        measure_smoothing(predictor, arguments.smooth, arguments.drive, arguments.seed)


if __name__ == "__main__":
    main()
