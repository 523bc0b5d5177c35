"""A run in Python: its training results, read on first access."""

import html
import json
from pathlib import Path
from typing import Any

from segnet.config import Config
from segnet.errors import UserError
from segnet.model import Model, load
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics


class Run:
    """The folder of a training. A notebook displays its measures.

    Args:
        path: the run folder, such as ``runs/quickstart``.

    Raises:
        UserError: no training wrote this folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._folder = RunFolder(self.path)
        if not self._folder.config_path.exists():
            raise UserError(f"{path}: no run folder (it holds no config.yaml); name one that a training wrote")

    @property
    def config(self) -> Config:
        """All settings, including defaults."""
        config = self._folder.read_config()
        assert config is not None
        return config

    @property
    def metrics(self) -> dict[str, Any]:
        """The final measures: ``mean_iou``, ``per_class`` and more, in 0–1. An autoencoder has other measures.

        Raises:
            UserError: the training has not finished.
        """
        path = self._folder.metrics_json
        if not path.exists():
            raise UserError(f"{path}: not there yet; the training writes it at its end, go on with resume=True")
        metrics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return metrics

    @property
    def history(self) -> list[dict[str, float]]:
        """One row for each epoch, with losses and measures."""
        rows = read_metrics(self._folder.metrics_csv)
        return [{key: float(value) for key, value in row.items() if value} for row in rows]

    @property
    def model(self) -> Model:
        """The network with its best weights, as :func:`load` opens it."""
        return load(self.path)

    @property
    def report(self) -> Path:
        """The page about the run."""
        return self._folder.report

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        measures = {key: value for key, value in self.metrics.items() if isinstance(value, float)}
        rows = "".join(f"<tr><td>{html.escape(key)}</td><td>{value:.4f}</td></tr>" for key, value in measures.items())
        return f"<b>{html.escape(str(self.path))}</b><table>{rows}</table>"
