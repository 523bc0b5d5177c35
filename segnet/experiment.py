"""One experiment from its config to its report: train, measure the best weights, write what people look at."""

import json
import os
from pathlib import Path

import torch
from lightning_fabric import Fabric

from segnet.config import Config
from segnet.files import write_atomically
from segnet.training.averaging import recompute_batch_norm
from segnet.training.loop import Trainer
from segnet.training.run_folder import RunFolder
from segnet.training.segmentation import SegmentationTask


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
    task = SegmentationTask(config)
    run = RunFolder(config)
    lock = run.open(config, resume) if fabric.is_global_zero else None
    fabric.barrier()
    Trainer(task, config, fabric, run).train(resume)
    if lock is not None:
        if config.training.recompute_batch_norm:
            recompute_statistics(task, run, fabric)
        measure(config, task, run)
        lock.close()
    return run.path


def launch(config: Config) -> Fabric:
    """Devices, precision and processes; deterministic algorithms where the config asks for them."""
    settings = config.training
    if settings.deterministic:
        # cuBLAS is deterministic only with a workspace of fixed size, and reads this when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(settings.deterministic)
    # Started by torchrun, the processes are already there and their number is torchrun's.
    devices = int(os.environ.get("LOCAL_WORLD_SIZE", settings.devices))
    nodes = int(os.environ.get("GROUP_WORLD_SIZE", 1))
    fabric = Fabric(
        accelerator=settings.accelerator,
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if devices * nodes > 1 else "auto",
        precision=settings.precision,
    )
    fabric.launch()
    return fabric
