"""The data that belong to a model: those of its training, or of a config beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

# Imported on first use: the import of PyTorch takes seconds.
if TYPE_CHECKING:
    from segnet.config import DataConfig


def data_of(model: str | Path, other: str | Path | None = None) -> "DataConfig":
    """The data that a run was trained on, or CamVid for a model without a run.

    Args:
        model: anything that :func:`load` accepts.
        other: another root for the same data, or a YAML config that names the data; None: the run's own.
    """
    from segnet.config import DataConfig
    from segnet.config_file import load_config
    from segnet.inference.model import ExportedModel, open_model
    from segnet.run_folder import RunFolder

    if other and Path(other).suffix in (".yaml", ".yml"):
        return load_config(other).data
    data = DataConfig()
    if Path(model).is_file() and isinstance(opened := open_model(model), ExportedModel):
        data = opened.info.data
    elif config := RunFolder(Path(model)).read_config():
        data = config.data
    return data.model_copy(update={"root": str(other)}) if other else data
