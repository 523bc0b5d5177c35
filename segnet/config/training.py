"""Settings of the training: optimiser, schedule, and the loop."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from segnet.config.settings import MANY, Settings, by_name


class Stepping(Settings):
    """Settings of every optimiser."""

    name: str
    lr: float = Field(1e-3, gt=0, le=1e3)
    weight_decay: float = Field(5e-4, ge=0, le=1e3)
    decay_norm_and_bias: bool = Field(True, description="false: no weight decay on biases and batch-norm parameters")


class SgdConfig(Stepping):
    """Stochastic gradient descent with momentum, as in the paper."""

    name: Literal["sgd"]
    momentum: float = Field(0.9, ge=0, lt=1)


Decay = Annotated[float, Field(ge=0, lt=1)]


class AdamWConfig(Stepping):
    """Adam with decoupled weight decay (arXiv 1711.05101). ``betas`` are the decays of both moments."""

    name: Literal["adamw"] = "adamw"
    betas: tuple[Decay, Decay] = (0.9, 0.999)


OptimizerConfig = Annotated[
    Annotated[SgdConfig, Tag("sgd")] | Annotated[AdamWConfig, Tag("adamw")],
    by_name("adamw"),
]


class ConstantSchedule(Settings):
    """A constant learning rate after a warm-up. Schedules are factors on ``optimizer.lr``."""

    name: Literal["constant"] = "constant"
    warmup_steps: int = Field(0, ge=0, le=MANY)


class FallingSchedule(Settings):
    """Settings of the schedules that end with a lower learning rate."""

    name: str
    warmup_steps: int = Field(0, ge=0, le=MANY)
    final_factor: float = Field(0.0, ge=0, le=1, description="factor at the last step")


class PolySchedule(FallingSchedule):
    """Falls with ``(1 - progress) ** power``."""

    name: Literal["poly"]
    power: float = Field(0.9, gt=0, le=100)


class CosineSchedule(FallingSchedule):
    """Falls along half a cosine wave."""

    name: Literal["cosine"]


class OneCycleSchedule(FallingSchedule):
    """Rises for 30 % of the run, then falls (arXiv 1708.07120)."""

    name: Literal["one_cycle"]


ScheduleConfig = Annotated[
    Annotated[ConstantSchedule, Tag("constant")]
    | Annotated[PolySchedule, Tag("poly")]
    | Annotated[CosineSchedule, Tag("cosine")]
    | Annotated[OneCycleSchedule, Tag("one_cycle")],
    by_name("constant"),
]


class TrainingConfig(Settings):
    """The loop: length, batches, precision, checkpoints, processes."""

    epochs: int = Field(gt=0, le=MANY)
    hours: float | None = Field(
        None, gt=0, le=1e6, description="train for this many hours instead of epochs; the schedule is stretched to fit"
    )
    batch_size: int = Field(4, gt=0, le=65_536, description="images per step and process")
    val_batch_size: int = Field(4, gt=0, le=65_536)
    accumulate: int = Field(1, gt=0, le=65_536, description="batches to sum gradients over before a step")
    clip_norm: float | None = Field(None, gt=0, le=1e9)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    channels_last: bool = True
    compile: bool | None = Field(None, description="torch.compile; null: on CUDA only")
    ema_decay: float | None = Field(None, gt=0, lt=1, description="average the weights with this decay per step")
    recompute_batch_norm: bool = Field(False, description="compute its statistics on the whole training set at the end")
    validate_every: int = Field(1, gt=0, le=MANY, description="epochs between two measurements on the val split")
    checkpoint_minutes: float = Field(5.0, gt=0, le=1e6, description="minutes between two checkpoints within an epoch")
    keep_checkpoints: int = Field(2, gt=0, le=MANY, description="newest checkpoints to keep, in addition to the best")
    bad_loss: Literal["stop", "skip"] = Field(
        "stop", description="if a loss is not finite: stop the run, or skip the step"
    )
    loggers: list[Literal["csv", "tensorboard", "wandb", "mlflow"]] = Field(
        ["csv", "tensorboard"], description="where to write the measures; metrics.csv is always written"
    )
    early_stopping: int | None = Field(
        None, gt=0, le=MANY, description="stop after this many measurements without a better result"
    )
    deterministic: bool = Field(True, description="use only algorithms that always give the same result")
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = Field(1, gt=0, le=1024, description="processes on this machine")
    strategy: Literal["ddp", "fsdp"] = Field(
        "ddp", description="ddp: each process keeps the whole network; fsdp: a part of it and of its optimiser"
    )
    process_minutes: float = Field(10.0, gt=0, le=1e5, description="minutes to wait for another process")
    sync_batch_norm: bool = Field(True, description="several processes: batch norm over the batches of all of them")
