"""Steps whose loss is not finite: list their files, then end the run or skip the step."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from segnet.errors import UserError
from segnet.files import write_json

SKIPS = 10
"""Consecutive steps that may be left out. After so many, the weights are to blame and not the images."""


@dataclass(frozen=True)
class BadStep:
    """A step with a loss that is not finite.

    Attributes:
        epoch: number of the epoch, from 1.
        step: number of the step in the run, from 1.
        loss: infinite or NaN.
        files: names of the samples in the step.
    """

    epoch: int
    step: int
    loss: float
    files: list[str]


class BadLoss:
    """The response of a run to steps without a finite loss.

    Args:
        folder: the run folder, for ``bad_batches.json``.
        action: ``stop`` or ``skip``.
        rank: index of this process; every process but the first writes its own file.
    """

    def __init__(self, folder: Path, action: Literal["stop", "skip"], rank: int = 0) -> None:
        self.path = folder / ("bad_batches.json" if rank == 0 else f"bad_batches_{rank}.json")
        self.skips = action == "skip"
        self.last: int | None = None
        self.in_a_row = 0

    def meet(self, bad: BadStep) -> None:
        """Write the step down. Then say that it was left out, or end the run.

        Raises:
            UserError: the run stops, or too many consecutive steps were left out.
        """
        # A resumed run meets the steps after its checkpoint again.
        before = [row for row in read_rows(self.path) if int(row["step"]) < bad.step]
        write_json(self.path, [*before, {**vars(bad), "loss": str(bad.loss)}])
        where = f"the loss is {bad.loss} in epoch {bad.epoch}, step {bad.step}, on {shortened(bad.files)}"
        if not self.skips:
            raise UserError(
                f"{where} (listed in {self.path}); look at these files, then go on with --resume and a "
                "lower optimizer.lr, with training.clip_norm, or with training.bad_loss=skip to leave such steps out"
            )
        self.in_a_row = self.in_a_row + 1 if bad.step - 1 == self.last else 1
        self.last = bad.step
        if self.in_a_row >= SKIPS:
            raise UserError(
                f"{where}, as in the {SKIPS - 1} steps before (listed in {self.path}); the weights do not recover: "
                "lower optimizer.lr or set training.clip_norm, with --resume or in a run of another name (name=NAME)"
            )
        print(f"{where}: this step is left out (listed in {self.path})", file=sys.stderr)


def read_rows(path: Path) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return rows


def shortened(files: list[str]) -> str:
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return ", ".join(files[:3]) + more


def statistics(network: nn.Module) -> list[Tensor]:
    """Copies of the buffers, such as batch norm's statistics, which a bad step would spoil for good."""
    return [buffer.clone() for buffer in network.buffers()]


@torch.no_grad()
def restore(network: nn.Module, copies: list[Tensor]) -> None:
    for buffer, copy in zip(network.buffers(), copies, strict=True):
        buffer.copy_(copy)
