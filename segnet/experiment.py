"""One experiment from config to report: train, measure the best weights, write the results."""

from pathlib import Path

from lightning_fabric import Fabric
from torch import Tensor

from segnet.config import Config
from segnet.files import sha256_of, write_json
from segnet.hardware import device_name
from segnet.inference.capabilities import usual_samples
from segnet.inference.evaluate import evaluate
from segnet.inference.evaluation_table import evaluation_table
from segnet.inference.predictor import Predictor
from segnet.inference.video.drive import show_on_drive
from segnet.nn.saved import load_model
from segnet.processes import lost_process_named
from segnet.report.autoencoders.page import report_autoencoder
from segnet.report.first_look import write_first_look
from segnet.report.page import write_report
from segnet.report.tables import write_tables
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics
from segnet.terminal import output_console, progress_bar
from segnet.training.averaging import recompute_batch_norm
from segnet.training.early_checks import check_early, check_first_sample
from segnet.training.launch import launch
from segnet.training.loop import Trainer
from segnet.training.sample_images import sample_images
from segnet.training.tasks.build import TASKS, AnyTask
from segnet.training.tasks.segmentation import SegmentationTask


def run_experiment(config: Config, resume: bool = False, overwrite: bool = False) -> Path:
    """Train ``config`` and fill its run folder.

    Args:
        config: the settings.
        resume: resume from the last checkpoint in the run folder.
        overwrite: replace the run in the folder when this one has measured weights.

    Returns:
        The run folder.

    Raises:
        UserError: something in the settings, the data or the run folder is wrong.
        KeyboardInterrupt: the run was asked to stop, and can be resumed.
    """
    run = RunFolder(config.run_folder)
    run.check(config, resume, overwrite)
    check_early(config, resume)
    fabric = launch(config)
    task = TASKS[config.task](config)
    check_first_sample(task)
    lock = run.open(config, resume, overwrite) if fabric.is_global_zero else None
    try:
        if lock is not None and isinstance(task, SegmentationTask):
            run.note_skipped({config.data.train: task.train_split.left_out, config.data.val: task.val_split.left_out})
        with lost_process_named(run.last_checkpoint):
            fabric.barrier()
            if lock is not None:
                write_json(run.machine, {"device": device_name(fabric.device), "processes": str(fabric.world_size)})
            if lock is not None and not resume:
                write_first_look(config, task, run)
            Trainer(task, config, fabric, run, sample_images(task, fabric)).train(resume)
    except BaseException:
        if lock is not None:
            # If the new run left nothing, the run that it was to replace comes back.
            run.settle()
        raise
    if lock is not None:
        if config.training.recompute_batch_norm:
            recompute_statistics(task, run, fabric)
        if isinstance(task, SegmentationTask):
            measure(config, task, run)
        else:
            print(f"look at {report_autoencoder(config, task, run.path)}")
        lock.close()
    return run.path


def recompute_statistics(task: AnyTask, run: RunFolder, fabric: Fabric) -> None:
    """Recompute batch norm's statistics of the best weights over the whole training set, the authors' last step."""
    network = task.load(run.path).to(fabric.device)

    def forward(x: Tensor) -> object:
        with fabric.autocast():
            return network(x)

    recompute_batch_norm(network, task.statistics_inputs(fabric.device), forward)
    task.save(run.path, network)


def measure(config: Config, task: SegmentationTask, run: RunFolder) -> None:
    """Write the report, its tables and, for the sample scenes, an overlay video, and print their paths."""
    model = load_model(run.path)
    predictor = Predictor(model, precision="fp32", samples=usual_samples(model))
    with progress_bar("measuring") as progress:
        evaluation = evaluate(predictor, task.val_split, progress)
    evaluation.weights_sha256 = sha256_of(run.weights)
    evaluation.save(run.evaluation)
    write_tables(run.path, evaluation, predictor, task.val_split)
    output_console().print(evaluation_table(evaluation.to_json()), highlight=False)
    # The video comes before the page, which shows it.
    if config.data.name == "scenes":
        print(f"video:   {show_on_drive(predictor, run.drive)}")
    print(f"report:  {write_report(run.path, evaluation, predictor, task.val_split)}")
    print(f"weights: {run.weights}, {best_epoch(run, task.monitor)}")


def best_epoch(run: RunFolder, monitor: str) -> str:
    """The epoch whose weights were kept, and the reason."""
    rows = read_metrics(run.metrics_csv)
    best = max((row for row in rows if row.get(monitor)), key=lambda row: float(row[monitor]))
    return f"of epoch {best['epoch']} of {len(rows)}, best {monitor} {float(best[monitor]):.4f}"
