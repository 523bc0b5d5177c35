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
from segnet.training.trackers.tracker import ENDING, PROJECT, Ending, RunIds, shown_name

EXIT_CODES: dict[Ending, int] = {"finished": 0, "stopped": 1, "pruned": 0, "failed": 1}
"""W&B shows a run as finished for 0 and as failed for 1."""


class Wandb:
    """Writes to W&B's server, or with ``WANDB_MODE=offline`` to ``wandb/`` in the run folder.

    W&B ignores values for a step before its last one. A run that resumes from an earlier checkpoint repeats these
    steps exactly, so nothing is lost.

    Args:
        config: the run's settings.
        run: the open run folder.
        ids: ids of the run in the trackers.

    Raises:
        UserError: not logged in, or W&B does not accept the run.
    """

    name = "wandb"

    def __init__(self, config: Config, run: RunFolder, ids: RunIds) -> None:
        # By default, W&B waits for an unreachable server for a minute and a half.
        os.environ.setdefault("WANDB_INIT_TIMEOUT", "30")
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
                # W&B's copy of the terminal would be full of progress bars.
                settings=self.wandb.Settings(console="off"),
            )
        except self.failures as error:
            raise UserError(
                f"training.loggers: wandb accepts no run ({first_line(error)}); log in with `wandb login`, set "
                "WANDB_MODE=offline, or leave wandb out"
            ) from None
        ids.keep(self.name, run_id)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self.run.log(dict(values), step=step)

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        self.run.log({"val samples": self.wandb.Image(image)}, step=step)

    def close(self, ending: Ending) -> None:
        self.run.summary[ENDING] = ending
        self.run.finish(exit_code=EXIT_CODES[ending])
