"""What an exported file says of itself: enough to turn pictures into named, coloured classes without the run."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from segnet.config import DataConfig
from segnet.errors import UserError
from segnet.nn.saved import SavedConfig, SavedModel

KEY = "segnet"
"""Under which the metadata lie in the file, as JSON."""

Precision = Literal["fp32", "bf16", "int8"]


class Metadata(SavedConfig):
    """A saved model's settings and what became of it.

    Attributes:
        precision: of the file's arithmetic.
        any_size: pictures of other sizes than ``size`` can be given.
        data: what it was measured on, without the folder's name.
    """

    precision: Precision
    any_size: bool
    data: DataConfig = Field(DataConfig())


def describe(model: SavedModel, precision: Precision, size: tuple[int, int] | None, data: DataConfig) -> str:
    """The metadata of ``model`` as JSON; ``size`` is the only one that the file takes, None: any."""
    return Metadata(
        version=model.version,
        name=model.name,
        arguments=model.arguments,
        input=model.input,
        class_names=model.class_names,
        class_colors=model.class_colors,
        ignore_index=model.ignore_index,
        size=size or model.size,
        precision=precision,
        any_size=size is None,
        data=data.model_copy(update={"root": None}),
    ).model_dump_json()


def parse(text: str | None, path: Path) -> Metadata:
    """The metadata of the file ``path``.

    Raises:
        UserError: there are none, or they are not right.
    """
    if not text:
        raise UserError(f"{path}: was not written by segnet export: it does not name its classes; export the run again")
    try:
        found = Metadata.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "all"
        raise UserError(f"{path}: metadata: {key}: {first['msg']}; export the run again") from None
    if len(found.class_names) != len(found.class_colors) or found.ignore_index < len(found.class_names):
        raise UserError(
            f"{path}: metadata: class_names, class_colors and ignore_index do not fit; export the run again"
        )
    return found
