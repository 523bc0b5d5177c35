"""Settings that may change when a run resumes, and those that may not."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segnet.config import Config
from segnet.errors import UserError

GOES_ON_DIFFERENTLY = {
    "training.epochs": "the length of the run; the schedule is stretched over it",
    "training.validate_every": "the best weights are chosen from other epochs",
    "training.early_stopping": "the run ends earlier or later; null: a run that ended early goes on",
    "training.bad_loss": "the response to a loss that is not finite",
    "training.devices": "images in a step: `training.batch_size` for each process",
    "training.clip_norm": "the largest norm of a gradient",
    "optimizer.lr": "the learning rate of later steps",
}
"""Settings that change the training from there on, with what changes.

Each change is printed and noted in config.yaml.
"""

SAME_RESULT = {
    "name": "the run folder was moved",
    "runs": "the run folder was moved",
    "data.root": "the folder of the same data",
    "data.workers": "number of processes that read images",
    "data.cache": "memory for images",
    "training.val_batch_size": "images in a batch of the measurement",
    "training.checkpoint_minutes": "minutes between two saves",
    "training.keep_checkpoints": "number of checkpoints that are kept",
    "training.process_minutes": "the time that a process waits for another",
    "training.strategy": "the way in which processes share a step",
    "training.accelerator": "processor or GPU",
    "training.compile": "the form in which the network runs",
    "training.loggers": "the trackers of the measures",
}
"""Settings that say where and how a run computes, with what changes. These changes are not noted."""


@dataclass(frozen=True)
class Change:
    """A setting whose value differs from the run's.

    Attributes:
        key: with dots.
        before: JSON of the value so far.
        now: JSON of the value from here on.
    """

    key: str
    before: str
    now: str

    @property
    def matters(self) -> bool:
        return self.key in GOES_ON_DIFFERENTLY

    def __str__(self) -> str:
        return f"{self.key}={self.now} (before: {self.before})"


def changes_on_resuming(before: Config, now: Config, source: str) -> list[Change]:
    """Compare the settings of a run with those with which it is to resume.

    Args:
        before: settings so far.
        now: settings from here on.
        source: the file of ``before``, for the error.

    Raises:
        UserError: a setting differs that may not change.
    """
    changes = list(differences(before.model_dump(mode="json"), now.model_dump(mode="json")))
    fixed = [change for change in changes if change.key not in {**GOES_ON_DIFFERENTLY, **SAME_RESULT}]
    if fixed:
        others = f" (and {len(fixed) - 1} more)" if len(fixed) > 1 else ""
        raise UserError(
            f"{source}: {fixed[0].key} is {fixed[0].before}, but now {fixed[0].now}{others}, which may not change as a "
            f"run goes on; set {fixed[0].key}={fixed[0].before}, or train under another name with name=NAME"
        )
    return changes


def differences(before: Mapping[str, Any], now: Mapping[str, Any], parents: str = "") -> Iterator[Change]:
    """The settings in which two trees differ. Lists are compared as a whole."""
    for key in dict.fromkeys((*before, *now)):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from differences(old, new, f"{parents}{key}.")
        elif old != new:
            yield Change(parents + key, as_json(old), as_json(new))


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
