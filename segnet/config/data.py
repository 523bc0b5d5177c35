"""Settings of the data: which images and masks, and which of them become samples."""

from typing import Annotated, Literal

from pydantic import Field

from segnet.config.settings import Channel, Settings

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
    """The images and masks for training and validation."""

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


class SamplingConfig(Settings):
    """The part of a training image that is a sample. By default each image comes once in an epoch, cropped anywhere."""

    rare: float = Field(
        0.0, ge=0, le=1, description="share of the samples whose crop is centred on a pixel of a rare class"
    )
    classes: list[str] | None = Field(
        None, min_length=1, description="names of the rare classes; null: those with fewer pixels than the median class"
    )


class PasteConfig(Settings):
    """Classes of another training image that cover parts of an image (ClassMix, Copy-Paste)."""

    p: float = Field(0.5, gt=0, le=1, description="share of the training images that are given another's classes")
    classes: list[str] | None = Field(
        None,
        min_length=1,
        description="names of those that are copied; null: half of the classes there, drawn each time",
    )


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
"""Settings of the data that only some data sets read. Shards contain the effect of the folder's settings.

Settings of patches are not listed, because ``data=digits`` turns a config for patches into one for whole images.
"""
