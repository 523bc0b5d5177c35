"""A run in MLflow."""

import json
import os
import time
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from segnet.config import Config
from segnet.errors import UserError, first_line
from segnet.optional import require
from segnet.run_folder import RunFolder
from segnet.training.trackers.tracker import ENDING, PROJECT, Ending, RunIds, shown_name

STATUS: dict[Ending, str] = {"finished": "FINISHED", "stopped": "KILLED", "pruned": "KILLED", "failed": "FAILED"}
LONGEST_VALUE = 6000
"""Most characters of a parameter that MLflow accepts."""
MOST_PARAMETERS = 100
"""Most parameters that MLflow accepts in one call."""


class Mlflow:
    """Writes to the server or database in ``MLFLOW_TRACKING_URI``. MLflow's own default is ``mlflow.db``.

    Args:
        config: the run's settings; each becomes a parameter.
        run: the open run folder.
        ids: ids of the run in the trackers.

    Raises:
        UserError: MLflow does not accept the run.
    """

    name = "mlflow"

    def __init__(self, config: Config, run: RunFolder, ids: RunIds) -> None:
        # By default, MLflow tries an unreachable server 7 times, which takes four minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        mlflow = require("mlflow", extra="mlflow")
        self.entities = mlflow.entities
        self.failures: tuple[type[Exception], ...] = (mlflow.exceptions.MlflowException,)
        self.client = mlflow.MlflowClient()
        known = ids.get(self.name)
        self.is_new = known is None
        try:
            if known is None:
                self.run_id = self.begin(config, run)
            else:
                self.client.update_run(known, status="RUNNING")
                self.run_id = known
        except self.failures as error:
            again = f", or remove {ids.path} to begin a new run there" if known else ""
            raise UserError(
                f"training.loggers: mlflow accepts no run at {self.client.tracking_uri} ({first_line(error)}); set "
                f"MLFLOW_TRACKING_URI{again}, or leave mlflow out"
            ) from None
        ids.keep(self.name, self.run_id)

    def begin(self, config: Config, run: RunFolder) -> str:
        """Create a run with its settings, and return its id."""
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        found = self.client.get_experiment_by_name(name)
        experiment = found.experiment_id if found else self.client.create_experiment(name)
        run_id: str = self.client.create_run(experiment, run_name=shown_name(run)).info.run_id
        settings = [self.entities.Param(*pair) for pair in parameters(config)]
        for first in range(0, len(settings), MOST_PARAMETERS):
            self.client.log_batch(run_id, params=settings[first : first + MOST_PARAMETERS])
        return run_id

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        now = int(1000 * time.time())
        metrics = [self.entities.Metric(name, value, now, step) for name, value in values.items()]
        self.client.log_batch(self.run_id, metrics=metrics)

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        self.client.log_image(self.run_id, image, key="val samples", step=step, synchronous=True)

    def close(self, ending: Ending) -> None:
        self.client.set_tag(self.run_id, ENDING, ending)
        self.client.set_terminated(self.run_id, STATUS[ending])


def parameters(settings: BaseModel, parents: str = "") -> Iterator[tuple[str, str]]:
    """Each setting with its dotted key, as on the command line. Lists and mappings become JSON."""
    for key, value in settings.model_dump(mode="json").items():
        part = getattr(settings, key)
        if isinstance(part, BaseModel):
            yield from parameters(part, f"{parents}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield parents + key, text[:LONGEST_VALUE]
