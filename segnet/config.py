"""Typed settings: one pydantic model for each part of a YAML config.

A config file states which data, which network, and how it is trained. Every key, its type and its default are
defined here and nowhere else.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from segnet.plain import problem_in


class Settings(BaseModel):
    """A part of a file. Every number is finite and has bounds, so that nothing is built or begun that has no end."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def is_plain(cls, tree: Any) -> Any:
        if problem := problem_in(tree):
            raise ValueError(problem)
        return tree


Channel = Annotated[int, Field(ge=0, le=255)]
"""Of a colour, or a label of a mask."""


def by_name(usual: str) -> Discriminator:
    """Tells the kinds of a setting apart by their name, so that each takes its own settings and no other's."""

    def kind(given: Any) -> Any:
        return given.get("name", usual) if isinstance(given, dict) else getattr(given, "name", None)

    return Discriminator(kind)


MANY = 10**9
"""Of what is counted, epochs and steps, where more could only be a slip."""

DataFormat = Literal[
    "camvid",
    "camvid-original",
    "camvid-original-32",
    "cityscapes",
    "voc",
    "sun-rgbd",
    "coco-panoptic",
    "coco-stuff",
    "ade20k",
    "generic",
    "labelme",
    "supervisely",
    "coco-instances",
    "yolo",
    "cvat",
]


class DataConfig(Settings):
    """Which images and masks to train and to measure on."""

    name: Literal["camvid", "folder", "shards", "scenes", "digits", "mnist", "fashion_mnist", "patches"] = "camvid"
    root: str | None = Field(
        None, description="folder of the data, or address of shards; camvid: else CAMVID_ROOT, else data/camvid"
    )
    format: DataFormat | None = Field(None, description="layout of a folder data set; null: images/ and index masks/")
    train: str = Field(
        "train", description="split to train on: names joined with '+', then @SEQUENCE, -SEQUENCE, %FROM..TO"
    )
    val: str = Field("val", description="split to measure on")
    train_share: float = Field(1.0, gt=0, le=1, description="share of the train split that is used, evenly spread")
    classes: list[str] | None = Field(
        None, max_length=256, description="class names of a folder data set, in mask order"
    )
    colors: list[tuple[Channel, Channel, Channel]] | None = Field(
        None, max_length=256, description="their RGB colours, for images"
    )
    labels: list[Annotated[int, Field(ge=0, le=65_535)]] | list[str] | None = Field(
        None,
        max_length=256,
        description="format generic: value of each class in masks, numbers or '#rrggbb'; null: 0, 1, 2",
    )
    ignore_index: int | None = Field(None, ge=0, le=255, description="mask label left out (folder data sets)")
    merge: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(
        {}, description="classes that become one, by name, as in {vehicle: [Car, Truck]}"
    )
    ignore: list[str] = Field(
        [], description="names of classes left out of training and measures; mask values: ignore_values"
    )
    ignore_values: list[Annotated[int, Field(ge=0, le=65_535)]] | list[str] = Field(
        [], max_length=256, description="format generic: values in masks that are left out; class names: ignore"
    )
    snap: bool = Field(False, description="format generic: read values between classes as the nearest class's")
    images: str | None = Field(None, description="format generic: pattern of the images below root, as scans/**/*.png")
    masks: str | None = Field(None, description="format generic: pattern of the masks below root")
    patch_size: int = Field(32, gt=0, le=4096, description="patches: side of the squares cut from frames, in pixels")
    patch_color: bool = Field(False, description="patches: three channels instead of grey")
    on_error: Literal["stop", "skip"] = Field(
        "stop", description="at an image or mask that cannot be read: end the run, or leave such images out and say so"
    )
    workers: int = Field(2, ge=0, le=1024, description="processes that read and augment images")
    cache: float = Field(1.0, ge=0, le=1e6, description="GiB of decoded images kept in memory at most; 0: none")


Mean = Annotated[float, Field(ge=-1e6, le=1e6)]
Deviation = Annotated[float, Field(gt=0, le=1e6)]


class InputConfig(Settings):
    """What the network's first layer sees: ``(pixel - mean) / std``, pixels in 0–255."""

    channels: Literal["rgb", "bgr"] = "rgb"
    mean: tuple[Mean, Mean, Mean] = (123.675, 116.28, 103.53)
    std: tuple[Deviation, Deviation, Deviation] = (58.395, 57.12, 57.375)


class ModelConfig(Settings):
    """A network of the catalogue; keys beyond these are arguments of its constructor."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="a name of segnet.nn.catalogue, or smp/ and a segmentation-models-pytorch name")
    input: InputConfig = InputConfig()
    start_from: str | None = Field(None, description="run whose weights to begin with, wherever name and shape agree")

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class SamplingConfig(Settings):
    """Which part of which training image a sample is; by default every image once an epoch, cropped anywhere."""

    rare: float = Field(
        0.0, ge=0, le=1, description="share of the samples whose crop is centred on a pixel of a rare class"
    )
    classes: list[str] | None = Field(
        None, min_length=1, description="names of the rare classes; null: those with fewer pixels than the median class"
    )


class PasteConfig(Settings):
    """Classes of another training image that cover one (ClassMix, Copy-Paste)."""

    p: float = Field(0.5, gt=0, le=1, description="share of the training images that are given another's classes")
    classes: list[str] | None = Field(
        None,
        min_length=1,
        description="names of those that are copied; null: half of the classes there, drawn each time",
    )


class Weighted(Settings):
    """What every term of the loss has; the terms are summed with their weights."""

    name: str
    weight: float = Field(1.0, gt=0, le=1e6)


Weight = Annotated[float, Field(ge=0, le=1e9)]


class ClassWeighted(Weighted):
    """What the terms have that weigh each pixel by its class."""

    class_weights: Literal["none", "median_frequency", "enet", "inverse", "segnet_paper"] | list[Weight] = "none"
    enet_c: float = Field(
        1.02, gt=1, le=1e3, description="c of class_weights enet, 1 / ln(c + share); higher is more even"
    )
    reduction: Literal["weight_sum", "pixels"] = Field(
        "weight_sum", description="divide by the sum of the weights (PyTorch) or the number of pixels (Caffe)"
    )


class CrossEntropyTerm(ClassWeighted):
    name: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: float = Field(0.0, ge=0, lt=1)


class FocalTerm(ClassWeighted):
    name: Literal["focal"]
    gamma: float = Field(2.0, ge=0, le=100, description="focusing exponent")


class OhemTerm(ClassWeighted):
    name: Literal["ohem"]
    threshold: float = Field(0.7, gt=0, le=1, description="pixels count whose class gets at most this probability")
    min_share: float = Field(
        0.0625, ge=0, le=1, description="share of the labelled pixels, the hardest, that counts in any case"
    )


class DiceTerm(Weighted):
    name: Literal["dice"]


class LovaszTerm(Weighted):
    name: Literal["lovasz"]


LossTerm = Annotated[
    Annotated[CrossEntropyTerm, Tag("cross_entropy")]
    | Annotated[FocalTerm, Tag("focal")]
    | Annotated[OhemTerm, Tag("ohem")]
    | Annotated[DiceTerm, Tag("dice")]
    | Annotated[LovaszTerm, Tag("lovasz")],
    by_name("cross_entropy"),
]


class DistillConfig(Settings):
    """A trained model to learn from, besides the masks."""

    teacher: str = Field(description="run folder, model folder or packaged model, of any network with the same classes")
    weight: float = Field(
        1.0, gt=0, le=1e6, description="of the divergence from the teacher, beside the terms of the loss"
    )
    temperature: float = Field(2.0, gt=0, le=1e3, description="divides both networks' logits before the softmax")


class Stepping(Settings):
    """What every optimiser has."""

    name: str
    lr: float = Field(1e-3, gt=0, le=1e3)
    weight_decay: float = Field(5e-4, ge=0, le=1e3)
    decay_norm_and_bias: bool = Field(True, description="False: no weight decay on biases and batch-norm parameters")


class SgdConfig(Stepping):
    name: Literal["sgd"]
    momentum: float = Field(0.9, ge=0, lt=1)


Decay = Annotated[float, Field(ge=0, lt=1)]


class AdamWConfig(Stepping):
    name: Literal["adamw"] = "adamw"
    betas: tuple[Decay, Decay] = (0.9, 0.999)


OptimizerConfig = Annotated[
    Annotated[SgdConfig, Tag("sgd")] | Annotated[AdamWConfig, Tag("adamw")],
    by_name("adamw"),
]


class ConstantSchedule(Settings):
    """Learning rate over the run, as a factor on ``optimizer.lr``; this one stays after its warm-up."""

    name: Literal["constant"] = "constant"
    warmup_steps: int = Field(0, ge=0, le=MANY)


class FallingSchedule(Settings):
    """What the schedules have that end with a lower learning rate."""

    name: str
    warmup_steps: int = Field(0, ge=0, le=MANY)
    final_factor: float = Field(0.0, ge=0, le=1, description="factor at the last step")


class PolySchedule(FallingSchedule):
    name: Literal["poly"]
    power: float = Field(0.9, gt=0, le=100)


class CosineSchedule(FallingSchedule):
    name: Literal["cosine"]


class OneCycleSchedule(FallingSchedule):
    name: Literal["one_cycle"]


ScheduleConfig = Annotated[
    Annotated[ConstantSchedule, Tag("constant")]
    | Annotated[PolySchedule, Tag("poly")]
    | Annotated[CosineSchedule, Tag("cosine")]
    | Annotated[OneCycleSchedule, Tag("one_cycle")],
    by_name("constant"),
]


class TrainingConfig(Settings):
    epochs: int = Field(gt=0, le=MANY)
    hours: float | None = Field(
        None, gt=0, le=1e6, description="train for so long instead of epochs; the schedule is stretched over it"
    )
    batch_size: int = Field(4, gt=0, le=65_536, description="images a process and step")
    val_batch_size: int = Field(4, gt=0, le=65_536)
    accumulate: int = Field(1, gt=0, le=65_536, description="batches whose gradients are summed before a step")
    clip_norm: float | None = Field(None, gt=0, le=1e9)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    channels_last: bool = True
    compile: bool | None = Field(None, description="torch.compile; null: on CUDA only")
    ema_decay: float | None = Field(None, gt=0, lt=1, description="average the weights with this decay a step")
    recompute_batch_norm: bool = Field(False, description="statistics over the whole training set at the end")
    validate_every: int = Field(1, gt=0, le=MANY, description="epochs between two measurements on the val split")
    checkpoint_minutes: float = Field(5.0, gt=0, le=1e6, description="minutes between two saves within an epoch")
    keep_checkpoints: int = Field(2, gt=0, le=MANY, description="newest checkpoints that are kept, besides the best")
    bad_loss: Literal["stop", "skip"] = Field(
        "stop", description="at a loss that is not finite: end the run, or leave the step out"
    )
    early_stopping: int | None = Field(
        None, gt=0, le=MANY, description="measurements without a better mean_iou before the end"
    )
    deterministic: bool = Field(True, description="only algorithms that give the same result each time")
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = Field(1, gt=0, le=1024, description="processes on this machine")
    strategy: Literal["ddp", "fsdp"] = Field(
        "ddp", description="several processes: each keeps the whole network, or a part of it and of its optimiser"
    )
    process_minutes: float = Field(
        10.0, gt=0, le=1e5, description="minutes that a process waits for another that is stuck"
    )
    sync_batch_norm: bool = Field(True, description="several processes: batch norm over the batches of all of them")


class CorruptionConfig(Settings):
    """What a denoising or inpainting autoencoder has to undo; each training image draws one strength."""

    name: Literal["gaussian", "salt_and_pepper", "rectangles", "scribbles"]
    strengths: list[Annotated[float, Field(ge=0, le=10)]] = Field(
        min_length=1,
        description="gaussian: standard deviation, as a share of the range; else the share of pixels that are replaced",
    )


class ReconstructionConfig(Settings):
    """Aim and measures of an autoencoder (task: reconstruction)."""

    loss: Literal["mse", "bce"] = "mse"
    corruptions: list[CorruptionConfig] = Field([], description="each training image draws one of them")
    latent_bits: list[Annotated[int, Field(ge=1, le=16)]] = Field(
        [], description="compression: bits that each number of the latent is rounded to"
    )
    classify_latents: bool = Field(False, description="representation: train classifiers on latents, PCA and pixels")


class VariationalConfig(Settings):
    """The evidence lower bound's weights (task: variational)."""

    beta: float = Field(1.0, ge=0, le=1e6, description="weight of the divergence from the prior (beta-VAE)")


class ClassificationConfig(Settings):
    """Stacked autoencoders that become a classifier (task: classification)."""

    layer_epochs: int = Field(
        0, ge=0, le=MANY, description="epochs in which each layer is first trained as an autoencoder"
    )
    labels: int | None = Field(
        None, gt=0, le=10**9, description="labelled images, in equal shares of the classes; null: all"
    )


NO_NAME = re.compile(r"[/\x00-\x1f\x7f-\x9f\u2028\u2029]")
NAME_BYTES = 200
"""Of 255 that a file system allows: a search adds to the name."""


def check_run_name(name: str) -> str:
    """One part of a path, so that a run never lies outside of ``runs``, that a terminal prints as it is."""
    if NO_NAME.search(name) or name in (".", "..") or len(name.encode()) > NAME_BYTES:
        raise ValueError(f"a name is one folder in runs: up to {NAME_BYTES} bytes of text without /, not . or ..")
    return name


RunName = Annotated[str, AfterValidator(check_run_name)]


class Config(Settings):
    """One experiment."""

    name: RunName = Field("", description="of the run folder; empty: the config file's name")
    task: Literal["segmentation", "reconstruction", "variational", "classification"] = "segmentation"
    seed: int = Field(0, ge=0, lt=2**32)
    runs: str = Field("runs", description="folder that holds the run folders")
    data: DataConfig = DataConfig()
    augmentation: list[dict[str, dict[str, Any]]] = Field(
        [],
        description="albumentations transforms in order, name: arguments; OneOf, SomeOf and Sequential hold others",
    )
    sampling: SamplingConfig = SamplingConfig()
    paste: PasteConfig | None = Field(None, description="classes copied from one training image to another")
    model: ModelConfig
    loss: list[LossTerm] = [CrossEntropyTerm()]
    distill: DistillConfig | None = Field(
        None, description="a teacher, whose soft classes are learnt besides the masks"
    )
    optimizer: OptimizerConfig = AdamWConfig()
    schedule: ScheduleConfig = ConstantSchedule()
    training: TrainingConfig
    reconstruction: ReconstructionConfig = ReconstructionConfig()
    variational: VariationalConfig = VariationalConfig()
    classification: ClassificationConfig = ClassificationConfig()

    @property
    def run_folder(self) -> Path:
        """Where the run is kept."""
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
        """A setting that another task or another data set would read is a mistake, unless it has its default."""
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
FOLDERS = ("folder", "shards")
WITH_MASKS = ("camvid", "folder", "shards", "scenes")
READ_BY_DATA = {
    "merge": WITH_MASKS,
    "ignore": WITH_MASKS,
    "on_error": ("camvid", "folder", "scenes"),
    "format": FOLDERS,
    "classes": FOLDERS,
    "colors": FOLDERS,
    "labels": FOLDERS,
    "ignore_index": FOLDERS,
}
"""Settings of the data that only some data sets read. Shards hold what the folder's settings made of it.

Of patches it says nothing: ``data=digits`` takes a config of theirs to whole images.
"""
