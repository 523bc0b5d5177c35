"""The interface of a tracker, and what W&B and MLflow share."""

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.files import write_json
from segnet.json_file import read_json
from segnet.run_folder import RunFolder

Ending = Literal["finished", "stopped", "failed"]

PROJECT = "segnet"
"""W&B's project and MLflow's experiment, unless the tracker's own environment variable names another."""


class Tracker(Protocol):
    """Takes the measures of one run.

    Attributes:
        name: as in ``training.loggers``.
        is_new: it holds nothing of the run yet.
        failures: what it raises when its server or its disk fails; the training goes on without it.
    """

    name: str
    is_new: bool
    failures: tuple[type[Exception], ...]

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Measures after ``step`` optimiser steps; a resumed run may repeat a step, with the same values."""
        ...

    def image(self, image: NDArray[np.uint8], step: int) -> None:
        """Sample predictions, uint8 RGB ``(H, W, 3)``."""
        ...

    def close(self, ending: Ending) -> None:
        """Write what is left, and say how the training ended."""
        ...


class RunIds:
    """The ids that the trackers gave a run, kept in its folder, so that a resumed run goes on in the same one.

    Raises:
        UserError: the file is damaged.
    """

    def __init__(self, run: RunFolder) -> None:
        self.path = run.tracker_ids
        advice = "take the file out to begin new runs in the trackers"
        found = read_json(self.path, advice) if self.path.exists() else {}
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise UserError(f"{self.path}: holds no ids of runs; {advice}")
        self.ids: dict[str, str] = found

    def get(self, tracker: str) -> str | None:
        return self.ids.get(tracker)

    def keep(self, tracker: str, run_id: str) -> None:
        self.ids[tracker] = run_id
        write_json(self.path, self.ids)


def shown_name(run: RunFolder) -> str:
    """A run by the last two folders of its path: ``runs/quickstart``, or ``quickstart-tune/trial-003``."""
    return "/".join(run.path.resolve().parts[-2:])
