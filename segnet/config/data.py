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
        None, description="folder of the data, or address of shards; null: CAMVID_ROOT or data/camvid (camvid only)"
    )
    format: DataFormat | None = Field(
        None, description="layout of a folder data set; null: images/, and class indices in masks/"
    )
    train: str = Field(
        "train", description="split to train on: names joined with '+', then @SEQUENCE, -SEQUENCE or %FROM..TO"
    )
    val: str = Field("val", description="split to measure on")
    train_share: float = Field(1.0, gt=0, le=1, description="share of the train split that is used, evenly spread")
    classes: list[str] | None = Field(
        None, max_length=256, description="folder data sets: class names in the order of their indices"
    )
    colors: list[tuple[Channel, Channel, Channel]] | None = Field(
        None, max_length=256, description="folder data sets: RGB colours of the classes"
    )
    labels: list[Annotated[int, Field(ge=0, le=65_535)]] | list[str] | None = Field(
        None,
        max_length=256,
        description="format generic: mask value of each class, a number or '#rrggbb'; null: 0, 1, 2, ...",
    )
    ignore_index: int | None = Field(None, ge=0, le=255, description="folder data sets: mask value to leave out")
    merge: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(
        {}, description="classes to merge into one, by its new name: {vehicle: [Car, Truck]}"
    )
    ignore: list[str] = Field(
        [], description="names of classes to leave out of training and measures; for mask values: ignore_values"
    )
    ignore_values: list[Annotated[int, Field(ge=0, le=65_535)]] | list[str] = Field(
        [], max_length=256, description="format generic: mask values to leave out; for class names: ignore"
    )
    snap: bool = Field(False, description="format generic: read a value between two classes as the nearer class")
    images: str | None = Field(None, description="format generic: pattern of the images below root: scans/**/*.png")
    masks: str | None = Field(None, description="format generic: pattern of the masks below root")
    patch_size: int = Field(32, gt=0, le=4096, description="patches: side of the squares cut from frames, in pixels")
    patch_color: bool = Field(False, description="patches: cut them in colour instead of grey")
    on_error: Literal["stop", "skip"] = Field(
        "stop", description="if an image or mask cannot be read: stop the run, or skip the image and list it"
    )
    workers: int = Field(2, ge=0, le=1024, description="processes that read and augment images")
    cache: float = Field(1.0, ge=0, le=1e6, description="most memory for decoded images, in GiB; 0: none")


class SamplingConfig(Settings):
    """The choice of samples. By default, an epoch has each image once, with a random crop."""

    rare: float = Field(0.0, ge=0, le=1, description="share of the samples with a crop around a pixel of a rare class")
    classes: list[str] | None = Field(
        None, min_length=1, description="names of the rare classes; null: all with fewer pixels than the median class"
    )


class PasteConfig(Settings):
    """Classes that are copied from one training image onto another (ClassMix, Copy-Paste)."""

    p: float = Field(0.5, gt=0, le=1, description="share of the training images that get classes of another image")
    classes: list[str] | None = Field(
        None,
        min_length=1,
        description="names of the classes to copy; null: a random half of the other image's classes",
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
