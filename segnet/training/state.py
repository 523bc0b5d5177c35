"""The state of a run between two optimiser steps: what a checkpoint holds, and the check that it belongs to the run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn
from torch.amp import GradScaler
from torch.optim import Optimizer

from segnet.config import ModelConfig
from segnet.errors import UserError, first_line
from segnet.run_folder import ANEW
from segnet.training.averaging import WeightAverage
from segnet.training.checkpoint import load_checkpoint, save_checkpoint
from segnet.training.position import Position
from segnet.training.sharding import gathered, share_optimizer_state, share_state
from segnet.training.tasks.task import Task


@dataclass(frozen=True)
class TrainingState:
    """Everything that the steps of a run change, and what it must belong to.

    Attributes:
        model: the network's settings; those of a checkpoint must be the same.
        task: its data; those of a checkpoint must be the same.
        network: has the weights that the optimiser changes.
        optimizer: its learning rate follows from the position.
        average: average of the weights; None without one.
        scaler: loss scaler of float16; None in other precisions.
        position: how far the run has come.
        writes: whether this process writes checkpoints.
    """

    model: ModelConfig
    task: Task
    network: nn.Module
    optimizer: Optimizer
    average: WeightAverage | None
    scaler: GradScaler | None
    position: Position
    writes: bool = True

    def save(self, path: Path, keep: int) -> None:
        """Write a checkpoint, and keep ``keep`` of the newest, this one among them.

        All processes call it, as each may hold a part of the weights. The first one writes.
        """
        state = {
            "model": self.model.model_dump(mode="json"),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "scaler": self.scaler.state_dict() if self.scaler else None,
            "position": self.position.state_dict(),
            "data": self.task.data_fingerprint if self.writes else None,
        }
        state = gathered(state, self.writes)
        if self.writes:
            save_checkpoint(path, state, keep)

    def load(self, path: Path) -> None:
        """Restore the checkpoint at ``path``.

        Raises:
            UserError: it is damaged, or of another model or other data.
        """
        state = load_checkpoint(path)
        self.check(path, state)
        try:
            self.network.load_state_dict(share_state(state["network"], self.network))
            groups = self.optimizer.param_groups
            self.optimizer.load_state_dict(share_optimizer_state(state["optimizer"], groups))
            if self.average:
                self.average.load_state_dict(state["average"])
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: its weights do not fit this network ({first_line(error)}); {ANEW}") from None
        if self.scaler and state["scaler"] is not None:
            self.scaler.load_state_dict(state["scaler"])
        self.position.load_state_dict(state["position"])

    def check(self, path: Path, state: dict[str, Any]) -> None:
        if state["model"] != self.model.model_dump(mode="json"):
            raise UserError(f"{path}: a checkpoint of another model ({state['model']['name']}); {ANEW}")
        # A version without fingerprints wrote None.
        if state.get("data") not in (None, self.task.data_fingerprint):
            raise UserError(
                f"{path}: the data are not those that the run began with (files were added, taken out or changed); "
                f"put them back, or {ANEW}"
            )
