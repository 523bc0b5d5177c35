"""The settings of one experiment, and which of them go together."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from segnet.config.autoencoders import ClassificationConfig, ReconstructionConfig, VariationalConfig
from segnet.config.data import READ_BY_DATA, WITH_MASKS, DataConfig, PasteConfig, SamplingConfig
from segnet.config.loss import CrossEntropyTerm, DistillConfig, LossTerm
from segnet.config.model import ModelConfig
from segnet.config.settings import Settings
from segnet.config.training import AdamWConfig, ConstantSchedule, OptimizerConfig, ScheduleConfig, TrainingConfig

NO_NAME = re.compile(r"[/\x00-\x1f\x7f-\x9f\u2028\u2029]")
NAME_BYTES = 200
"""The longest name of a run. File systems allow 255 bytes, and a search adds to the name."""


def check_run_name(name: str) -> str:
    """Check that ``name`` is one part of a path, so that the run lies in ``runs``, and that a terminal can print it."""
    if NO_NAME.search(name) or name in (".", "..") or len(name.encode()) > NAME_BYTES:
        raise ValueError(f"a name is one folder in runs: up to {NAME_BYTES} bytes of text without /, not . or ..")
    return name


RunName = Annotated[str, AfterValidator(check_run_name)]


class Config(Settings):
    """One experiment."""

    name: RunName = Field("", description="name of the run folder; empty: the config file's name")
    task: Literal["segmentation", "reconstruction", "variational", "classification"] = "segmentation"
    seed: int = Field(0, ge=0, lt=2**32)
    runs: str = Field("runs", description="folder that holds the run folders")
    data: DataConfig = DataConfig()
    augmentation: list[dict[str, dict[str, Any]]] = Field(
        [],
        description="albumentations transforms in order, each as name: arguments; OneOf, SomeOf and Sequential nest",
    )
    sampling: SamplingConfig = SamplingConfig()
    paste: PasteConfig | None = Field(None, description="classes copied from one training image to another")
    model: ModelConfig
    loss: list[LossTerm] = Field([CrossEntropyTerm()])
    distill: DistillConfig | None = Field(None, description="a teacher to learn from, in addition to the masks")
    optimizer: OptimizerConfig = AdamWConfig()
    schedule: ScheduleConfig = ConstantSchedule()
    training: TrainingConfig
    reconstruction: ReconstructionConfig = ReconstructionConfig()
    variational: VariationalConfig = VariationalConfig()
    classification: ClassificationConfig = ClassificationConfig()

    @property
    def run_folder(self) -> Path:
        """The folder of the run."""
        return Path(self.runs) / self.name

    @model_validator(mode="after")
    def precision_fits_strategy(self) -> Self:
        if self.training.strategy == "fsdp" and self.training.precision == "16-mixed":
            raise ValueError("training.strategy=fsdp does not go with training.precision=16-mixed; choose bf16-mixed")
        return self

    @model_validator(mode="after")
    def phases_are_epochs(self) -> Self:
        if self.training.hours is not None and self.task == "classification":
            raise ValueError("training.hours does not go with task=classification, whose phases are epochs")
        return self

    @model_validator(mode="after")
    def nothing_is_set_in_vain(self) -> Self:
        """Refuse a setting that only another task or data set reads, unless it has its default."""
        for part, settings, kind, read_by in (
            ("", self, self.task, READ_BY_TASKS),
            ("data.", self.data, self.data.name, READ_BY_DATA),
        ):
            for key, kinds in read_by.items():
                default = type(settings).model_fields[key].get_default(call_default_factory=True)
                if kind not in kinds and getattr(settings, key) != default:
                    what = "task" if not part else "data.name"
                    raise ValueError(f"{part}{key}: does nothing with {what}={kind}; it is read by {', '.join(kinds)}")
        return self

    @model_validator(mode="after")
    def data_fit_task(self) -> Self:
        has_masks = self.data.name in WITH_MASKS
        if has_masks != (self.task == "segmentation"):
            fitting = "camvid, folder, shards or scenes" if not has_masks else "digits, mnist, fashion_mnist or patches"
            raise ValueError(f"the task {self.task} does not go with data.name={self.data.name}; choose {fitting}")
        return self


IMAGE_TASKS = ("reconstruction", "variational", "classification")
READ_BY_TASKS = {
    "augmentation": ("segmentation",),
    "sampling": ("segmentation",),
    "paste": ("segmentation",),
    "loss": ("segmentation",),
    "distill": ("segmentation",),
    "reconstruction": IMAGE_TASKS,
    "variational": ("variational",),
    "classification": ("classification",),
}
"""Settings of a config that only some tasks read."""
