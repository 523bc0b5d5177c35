"""A run in Weights & Biases."""

import os
import secrets
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segnet.config import Config
from segnet.errors import UserError, first_line
from segnet.optional import require
from segnet.run_folder import RunFolder
from segnet.training.trackers.tracker import PROJECT, Ending, RunIds, shown_name


class Wandb:
    """Writes to W&B's server, or with ``WANDB_MODE=offline`` to ``wandb/`` in the run folder.

    W&B drops what comes for a step before its last one. A run that resumes from an earlier checkpoint repeats the
    steps after it exactly, so nothing is lost.

    Args:
        config: shown beside the run.
        run: the open run folder.
        ids: of the run in the trackers.

    Raises:
        UserError: not logged in, or W&B does not take the run.
    """

    name = "wandb"

    def __init__(self, config: Config, run: RunFolder, ids: RunIds) -> None:
        self.wandb = require("wandb", extra="wandb")
        self.failures: tuple[type[Exception], ...] = (self.wandb.Error,)
        known = ids.get(self.name)
        self.is_new = known is None
        run_id = known or secrets.token_hex(4)
        try:
            self.run = self.wandb.init(
                project=os.environ.get("WANDB_PROJECT", PROJECT),
                name=shown_name(run),
                id=run_id,
                resume="allow",
                dir=os.environ.get("WANDB_DIR", str(run.path)),
                config=config.model_dump(mode="json"),
                # The progress bar would fill the log that W&B keeps of the terminal.
                settings=self.wandb.Settings(console="off"),
            )
        except self.failures as error:
            raise UserError(
                f"training.loggers: wandb takes no run ({first_line(error)}); log in with `wandb login`, set "
                "WANDB_MODE=offline, or leave wandb out"
            ) from None
        ids.keep(self.name, run_id)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self.run.log(dict(values), step=step)

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        self.run.log({"val samples": self.wandb.Image(image)}, step=step)

    def close(self, ending: Ending) -> None:
        self.run.finish(exit_code=0 if ending == "finished" else 1)
