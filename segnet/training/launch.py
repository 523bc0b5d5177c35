"""Devices, precision and processes of a training, on Lightning Fabric."""

import os
import sys
from datetime import timedelta

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy, ModelParallelStrategy, Strategy

from segnet.config import Config, TrainingConfig
from segnet.hardware import has_bf16, keep_freed_memory
from segnet.processes import missing_process_named
from segnet.training.sharding import shard


def launch(config: Config) -> Fabric:
    """Set up devices, precision and processes, and deterministic algorithms if the config asks for them."""
    settings = config.training
    keep_freed_memory()
    if settings.deterministic:
        # cuBLAS is deterministic only with a workspace of fixed size, and reads this when it starts.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(settings.deterministic)
    # PyTorch would fill every new tensor with NaN to find reads of unwritten memory, which costs a fifth of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # torchrun has started the processes already, and it sets their number.
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
    """How the processes share a step. A single process has nothing to share."""
    timeout = timedelta(minutes=settings.process_minutes)
    if processes == 1:
        return "auto"
    if settings.strategy == "fsdp":
        return ModelParallelStrategy(shard, data_parallel_size=processes, tensor_parallel_size=1, timeout=timeout)
    return DDPStrategy(timeout=timeout)


def choose_precision(settings: TrainingConfig) -> str:
    """The config's precision.

    On a processor that only emulates bfloat16, this is 32-true, which is faster, and is said.
    """
    on_cuda = settings.accelerator == "cuda" or (settings.accelerator == "auto" and torch.cuda.is_available())
    if settings.precision != "bf16-mixed" or has_bf16(torch.device("cuda" if on_cuda else "cpu")):
        return settings.precision
    print("training.precision=bf16-mixed: this device does not compute in bf16, going on in 32-true", file=sys.stderr)
    return "32-true"
