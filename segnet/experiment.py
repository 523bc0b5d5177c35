"""One experiment from its config to its report: train, measure the best weights, write what people look at."""

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from torch import Tensor

from segnet.config import Config, TrainingConfig
from segnet.datasets.scenes import render_sequence
from segnet.hardware import has_bf16
from segnet.inference.evaluation import evaluate
from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor, usual_samples
from segnet.inference.video.frames import FrameSegmenter
from segnet.inference.video.layout import Painter
from segnet.inference.video.reader import Frame
from segnet.inference.video.segment import segment_video
from segnet.inference.video.writer import VideoWriter
from segnet.nn.saved import load_model
from segnet.processes import lost_process_named, missing_process_named
from segnet.report.autoencoder_page import report_autoencoder
from segnet.report.live import sample_pictures
from segnet.report.page import write_report
from segnet.report.runs import EVALUATION
from segnet.report.tables import write_tables
from segnet.terminal import progress_bar
from segnet.training.averaging import recompute_batch_norm
from segnet.training.classification import ClassificationTask
from segnet.training.loop import Trainer
from segnet.training.reconstruction import ReconstructionTask
from segnet.training.run_folder import RunFolder
from segnet.training.segmentation import SegmentationTask
from segnet.training.sharding import shard
from segnet.training.variational import VariationalTask

AnyTask = SegmentationTask | ReconstructionTask | VariationalTask | ClassificationTask
TASKS: dict[str, type[AnyTask]] = {
    "segmentation": SegmentationTask,
    "reconstruction": ReconstructionTask,
    "variational": VariationalTask,
    "classification": ClassificationTask,
}

DRIVE_SEED = 10_000
"""Of a street that is in neither split of the sample scenes."""
DRIVE_FRAMES = 60


def run_experiment(config: Config, resume: bool = False) -> Path:
    """Train ``config`` and fill its run folder.

    Args:
        config: the settings.
        resume: go on from the run folder's last checkpoint.

    Returns:
        The run folder.

    Raises:
        UserError: something in the settings, the data or the run folder is not right.
        KeyboardInterrupt: asked to stop; the run can be resumed.
    """
    fabric = launch(config)
    task = TASKS[config.task](config)
    run = RunFolder(config)
    lock = run.open(config, resume) if fabric.is_global_zero else None
    with lost_process_named(run.last_checkpoint):
        fabric.barrier()
        Trainer(task, config, fabric, run, sample_pictures(task, fabric)).train(resume)
    if lock is not None:
        if config.training.recompute_batch_norm:
            recompute_statistics(task, run, fabric)
        if isinstance(task, SegmentationTask):
            measure(config, task, run)
        else:
            print(f"look at {report_autoencoder(config, task, run.path)}")
        lock.close()
    return run.path


def launch(config: Config) -> Fabric:
    """Devices, precision and processes; deterministic algorithms where the config asks for them."""
    settings = config.training
    if settings.deterministic:
        # cuBLAS is deterministic only with a workspace of fixed size, and reads this when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(settings.deterministic)
    # Filling every new tensor with NaN finds the use of memory before it is written; it costs a fifth of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Started by torchrun, the processes are already there and their number is torchrun's.
    devices = int(os.environ.get("LOCAL_WORLD_SIZE", settings.devices))
    nodes = int(os.environ.get("GROUP_WORLD_SIZE", 1))
    fabric = Fabric(
        accelerator=settings.accelerator,
        devices=devices,
        num_nodes=nodes,
        strategy=choose_strategy(settings, devices * nodes),
        precision=choose_precision(settings),
    )
    with missing_process_named(settings.process_minutes):
        fabric.launch()
    return fabric


def choose_strategy(settings: TrainingConfig, processes: int) -> Strategy | str:
    """How the processes share a step; one has nothing to share."""
    timeout = timedelta(minutes=settings.process_minutes)
    if processes == 1:
        return "auto"
    if settings.strategy == "fsdp":
        return ModelParallelStrategy(shard, data_parallel_size=processes, tensor_parallel_size=1, timeout=timeout)
    return DDPStrategy(timeout=timeout)


def choose_precision(settings: TrainingConfig) -> str:
    """The config's precision, or 32-true, said aloud, where bfloat16 would be emulated and slower than that."""
    on_cuda = settings.accelerator == "cuda" or (settings.accelerator == "auto" and torch.cuda.is_available())
    if settings.precision != "bf16-mixed" or has_bf16(torch.device("cuda" if on_cuda else "cpu")):
        return settings.precision
    print("training.precision=bf16-mixed: this device does not compute in bf16, going on in 32-true", file=sys.stderr)
    return "32-true"


def recompute_statistics(task: AnyTask, run: RunFolder, fabric: Fabric) -> None:
    """The authors' last step: batch norm's statistics of the best weights, over the whole training set."""
    network = task.load(run.path).to(fabric.device)

    def forward(x: Tensor) -> object:
        with fabric.autocast():
            return network(x)

    recompute_batch_norm(network, task.statistics_inputs(fabric.device), forward)
    task.save(run.path, network)


def measure(config: Config, task: SegmentationTask, run: RunFolder) -> None:
    """The report, its tables and, for the sample scenes, an overlay video; says where they lie."""
    model = load_model(run.path)
    predictor = Predictor(model, samples=usual_samples(model))
    with progress_bar("measuring") as progress:
        evaluation = evaluate(predictor, task.val_split, progress)
    evaluation.save(run.path / EVALUATION)
    write_tables(run.path, evaluation, predictor, task.val_split)
    print(f"report:  {write_report(run.path, evaluation, predictor, task.val_split)}")
    if config.data.name == "scenes":
        print(f"video:   {show_on_drive(predictor, run.path / 'drive.mp4')}")
    print(f"weights: {run.path / 'model.safetensors'}")
    print(f"mean IoU {evaluation.scores.mean_iou:.3f} on {len(task.val_split)} images of {config.data.val}")


def show_on_drive(predictor: Predictor, path: Path) -> Path:
    """An overlay video of a drive through a street that the network has not seen."""
    source = Drive(seed=DRIVE_SEED, length=DRIVE_FRAMES, size=predictor.model.size)
    draw = Painter(Overlay(predictor.classes), "side")
    with progress_bar("segmenting a drive", "frames") as progress:
        segment_video(source, FrameSegmenter(predictor), draw, VideoWriter(path, source.rate), progress=progress)
    return path


class Drive:
    """The renderer's moving sequence as a source of frames."""

    rate = Fraction(12)
    path: Path | None = None
    pixel_aspect = Fraction(1)

    def __init__(self, seed: int, length: int, size: tuple[int, int]) -> None:
        self.seed, self.count, self.size = seed, length, size

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:
        for number, sample in enumerate(render_sequence(self.seed, self.count, self.size)):
            yield Frame(sample.image, number / self.rate)
