"""The metadata of an exported file: enough to make named, coloured classes from images without the run."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from segnet.config import DataConfig
from segnet.errors import UserError
from segnet.nn.saved import ModelInfo, SavedModel, first_mistake

KEY = "segnet"
"""The key of the metadata in the file. Their value is JSON."""

Precision = Literal["fp32", "bf16", "int8"]


class Metadata(ModelInfo):
    """A saved model's settings, and those of its export.

    The graph takes images at their own size. For the best classes, a program first resizes them to about as many pixels
    as ``size``, in their own proportions, and then resizes the classes back. The commands of this package do so.

    Attributes:
        precision: of the file's arithmetic.
        any_size: whether the file takes images of other sizes than ``size``.
        data: the data of its check, without the folder's name.
    """

    precision: Precision
    any_size: bool
    data: DataConfig = Field(DataConfig())


def describe(model: SavedModel, precision: Precision, size: tuple[int, int] | None, data: DataConfig) -> str:
    """The metadata of ``model`` as JSON. ``size`` is the only size that the file takes; None: any."""
    settings = dict(model.info) | {"size": size or model.info.size}
    data = data.model_copy(update={"root": None})
    return Metadata(**settings, precision=precision, any_size=size is None, data=data).model_dump_json()


def parse(text: str | None, path: Path) -> Metadata:
    """Read the metadata of the file ``path``.

    Raises:
        UserError: there are none, or they are wrong.
    """
    if not text:
        raise UserError(f"{path}: was not written by segnet export: it does not name its classes; export the run again")
    try:
        return Metadata.model_validate_json(text)
    except ValidationError as error:
        raise UserError(f"{path}: metadata: {first_mistake(error)}; export the run again") from None
