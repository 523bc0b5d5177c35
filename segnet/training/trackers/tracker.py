"""The interface of a tracker, and the parts that W&B and MLflow share."""

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.files import write_json
from segnet.json_file import read_json
from segnet.run_folder import RunFolder

Ending = Literal["finished", "stopped", "pruned", "failed"]
"""``stopped``: by the user; the run can be resumed. ``pruned``: by a search, which does not resume it."""
ENDING = "ending"
"""The name under which W&B and MLflow show it, because their own states do not tell pruned from stopped."""

PROJECT = "segnet"
"""The default name of W&B's project and MLflow's experiment. The trackers' own environment variables change it."""


class Tracker(Protocol):
    """Takes the measures of one run.

    Attributes:
        name: the name in ``training.loggers``.
        is_new: whether it has nothing of the run yet.
        failures: the exceptions that it raises when its server or disk fails. The training then continues without it.
    """

    name: str
    is_new: bool
    failures: tuple[type[Exception], ...]

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Take the measures after ``step`` optimiser steps. A resumed run may repeat a step, with the same values."""
        ...

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        """Take an image of sample predictions, ``(H, W, 3)`` uint8 RGB."""
        ...

    def close(self, ending: Ending) -> None:
        """Write the rest, and mark the run with its ending."""
        ...


class RunIds:
    """The run's ids in the trackers. The run folder keeps them, so that a resumed run continues in the same ones.

    Raises:
        UserError: the file is damaged.
    """

    def __init__(self, run: RunFolder) -> None:
        self.path = run.tracker_ids
        advice = "remove the file to begin new runs in the trackers"
        found = read_json(self.path, advice) if self.path.exists() else {}
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise UserError(f"{self.path}: contains no ids of runs; {advice}")
        self.ids: dict[str, str] = found

    def get(self, tracker: str) -> str | None:
        return self.ids.get(tracker)

    def keep(self, tracker: str, run_id: str) -> None:
        self.ids[tracker] = run_id
        write_json(self.path, self.ids)


def shown_name(run: RunFolder) -> str:
    """The last two folders of a run's path: ``runs/quickstart``, or ``quickstart-tune/trial-003``."""
    return "/".join(run.path.resolve().parts[-2:])
