"""The training loop: epochs of optimiser steps, each followed by a measurement. It stops and resumes exactly.

A step depends only on the config and on its number. The order of an epoch and every augmentation follow from
(seed, epoch, index), dropout follows from (seed, step), and the learning rate from the step. A checkpoint therefore
holds weights, the optimiser's state and a position, but no state of a random generator.
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import nn

from segnet.config import MANY, Config
from segnet.datasets.sampling import EpochBatches
from segnet.nn.batch_norm import share_batch_norm
from segnet.rounding import ceil_div
from segnet.run_folder import RunFolder
from segnet.training.averaging import WeightAverage
from segnet.training.bad_loss import BadLoss, BadStep, restore, statistics
from segnet.training.checkpoint import candidates
from segnet.training.failures import said_in_a_line
from segnet.training.length import Length
from segnet.training.loader import build_loader
from segnet.training.log import Log
from segnet.training.memory import step_in_memory
from segnet.training.optimizer import build_optimizer, set_lr
from segnet.training.position import Position
from segnet.training.progress import TrainingProgress
from segnet.training.schedule import lr_factor
from segnet.training.sharding import Outline
from segnet.training.state import TrainingState
from segnet.training.step_losses import StepLosses
from segnet.training.stopping import StopRequest
from segnet.training.tasks.task import Batch, Task
from segnet.training.threads import threads_for

SIGNAL_CHECK_STEPS = 20
"""Several processes check every so many steps whether one of them was asked to stop."""

READ_STEPS = 20
"""On a GPU, the losses of so many steps are fetched together. A fetch waits for the GPU, which then waits for the
program."""


class Trainer:
    """Trains ``task`` by ``config`` and keeps everything in ``run``.

    Args:
        task: network, data and aim.
        config: settings of the run.
        fabric: devices, precision and processes; already launched.
        run: the open run folder.
        images: draws sample predictions of a network, uint8 RGB ``(H, W, 3)``, for TensorBoard.
    """

    def __init__(
        self,
        task: Task,
        config: Config,
        fabric: Fabric,
        run: RunFolder,
        images: Callable[[nn.Module], NDArray[np.uint8]] | None = None,
    ) -> None:
        self.task, self.config, self.fabric, self.run, self.images = task, config, fabric, run, images
        settings = config.training
        self.sampler = EpochBatches(
            len(task.train_data), settings.batch_size, config.seed, fabric.global_rank, fabric.world_size
        )
        self.steps_per_epoch = ceil_div(len(self.sampler), settings.accumulate)
        network = task.network.to(fabric.device)
        if settings.sync_batch_norm and fabric.world_size > 1:
            network = share_batch_norm(network)
        self.sharded = settings.strategy == "fsdp" and fabric.world_size > 1
        if settings.channels_last and not self.sharded:  # FSDP needs weights in PyTorch's own order
            network = network.to(memory_format=torch.channels_last)
        self.network = network
        self.average = WeightAverage(network, settings.ema_decay) if settings.ema_decay else None
        self.outline = Outline(network) if self.sharded else None
        self.wrapped = fabric.setup_module(network)
        if self.sharded and self.average:
            self.average.share(network)
        # The optimizer works on sharded weights, so it is made after the sharding.
        self.optimizer = fabric.setup_optimizers(build_optimizer(network, config.optimizer))
        self.forward = torch.compile(self.wrapped) if self.compiles() else self.wrapped
        self.position = Position()
        self.length = Length(settings, self.steps_per_epoch, self.position, self.mean_over_processes)
        scaler = getattr(fabric.strategy.precision, "scaler", None)
        self.state = TrainingState(
            config.model, task, network, self.optimizer, self.average, scaler, self.position, fabric.is_global_zero
        )
        self.stop = StopRequest()
        self.step_losses = StepLosses(run, fabric.is_global_zero)
        self.saved_at = time.monotonic()
        self.unread: list[tuple[int, torch.Tensor, int, torch.Tensor]] = []
        self.bad_loss = BadLoss(run.path, settings.bad_loss, fabric.global_rank)

    def best_network(self) -> nn.Module:
        """The complete network that is measured and kept: the averaged one if there is an average."""
        best = self.average.network if self.average else self.network
        return self.outline.filled(best) if self.outline else best

    def compiles(self) -> bool:
        wanted = self.config.training.compile
        return self.fabric.device.type == "cuda" and not self.sharded if wanted is None else wanted

    def train(self, resume: bool) -> Position:
        """Run to the end, or from the last checkpoint to the end.

        Raises:
            UserError: the checkpoint is damaged or belongs to another network or other data; the loss is not finite;
                memory is full; a loader process was killed.
            KeyboardInterrupt: stopped by Ctrl-C or SIGTERM; the state is saved.
        """
        if resume and not candidates(self.run.last_checkpoint):
            print(f"{self.run.path}: stopped before its first checkpoint; beginning at the start", file=sys.stderr)
        elif resume:
            self.state.load(self.run.last_checkpoint)
            self.position.step = self.step_at(self.position)
            self.step_losses.load(self.position.step)
        log = Log(self.config, self.run, self.position, enabled=self.fabric.is_global_zero)
        progress = TrainingProgress(self.length, self.task.monitor, self.fabric.is_global_zero)
        threads = threads_for(self.task, self.config.training.batch_size, self.fabric)
        with log, progress, self.stop, said_in_a_line(self.run.last_checkpoint), threads:
            loader = build_loader(self.task, self.sampler, self.config.data.workers, self.fabric)
            self.length.begin()
            progress.begin(self.position)
            while not self.length.is_over() and not self.has_converged():
                self.train_epoch(loader, progress)
                self.end_epoch(log, progress)
                self.stop_if_asked()
            if self.position.best_epoch < 0:
                # A run that resumes with fewer epochs ends before its first measurement.
                self.measure(log)
        return self.position

    def train_epoch(self, loader: Iterable[Batch], progress: TrainingProgress) -> None:
        position = self.position
        self.sampler.start_at(position.epoch, position.samples)
        behind = iter(self.sampler.ends())
        self.wrapped.train()
        begin, before = time.monotonic(), position.seconds
        for batches in grouped(iter(loader), self.config.training.accumulate):
            loss = self.step(batches)
            indices = torch.cat([batch["index"] for batch in batches])
            # ``behind`` has the number of finished samples after each batch. The step ends after its last batch.
            *_, done = itertools.islice(behind, len(batches))
            samples = done - position.samples
            position.step += 1
            position.samples += samples
            position.seconds = before + time.monotonic() - begin
            self.unread.append((position.step, loss, samples, indices))
            if self.fabric.device.type == "cpu" or len(self.unread) == READ_STEPS:
                self.read_losses()
                progress.step(position)
            self.length.look()
            self.save_if_due()
            self.stop_if_asked()
            if self.length.is_over():
                break

    def step(self, batches: list[Batch]) -> torch.Tensor:
        if self.fabric.world_size > 1:
            # A smaller batch is not tried, because the other processes would not take part in it.
            return self.optimizer_step(batches)
        return step_in_memory(self.optimizer_step, self.try_step, batches)

    def try_step(self, batch: Batch) -> None:
        """A step on this process alone, for a run that has ended."""
        batch = self.fabric.to_device(batch)
        with self.fabric.autocast():
            loss = self.task.loss(self.network(self.input(batch)), batch)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def optimizer_step(self, batches: list[Batch]) -> torch.Tensor:
        """Take one step on the mean gradient of ``batches``, and return their mean loss, still on the device."""
        settings, step = self.config.training, self.position.step
        # Dropout draws from this seed. It is a function of the step, so a resumed run draws the same.
        torch.manual_seed(step_seed(self.config.seed, step, self.fabric.global_rank))
        factor = lr_factor(self.config.schedule, step, self.length.total_steps or MANY)
        set_lr(self.optimizer, self.config.optimizer.lr * factor)
        total = torch.zeros((), device=self.fabric.device)
        before = statistics(self.network) if self.bad_loss.skips else []
        for number, batch in enumerate(batches, start=1):
            batch = self.fabric.to_device(batch)
            with self.fabric.no_backward_sync(self.wrapped, enabled=number < len(batches)):
                output = self.forward(self.input(batch))
                loss = self.task.loss(output, batch)
                self.fabric.backward(loss / len(batches))
            total += loss.detach()
        # All processes get the same mean, so all of them see a loss that is not finite.
        mean: torch.Tensor = self.fabric.all_reduce(total / len(batches), reduce_op="mean")
        if self.bad_loss.skips and not mean.isfinite():
            restore(self.network, before)
            self.optimizer.zero_grad(set_to_none=True)
            return mean
        if settings.clip_norm is not None:
            # Checking the norm would wait for the device at each step. The next loss shows the same problem.
            self.fabric.clip_gradients(
                self.wrapped, self.optimizer, max_norm=settings.clip_norm, error_if_nonfinite=False
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average:
            self.average.update(self.network)
        return mean

    def input(self, batch: Batch) -> torch.Tensor:
        x = self.task.inputs(batch)
        return x.contiguous(memory_format=torch.channels_last) if self.config.training.channels_last else x

    def read_losses(self) -> None:
        """Fetch the losses of the last steps from the device. A loss that is not finite may end the run."""
        unread, self.unread = self.unread, []
        for step, loss, samples, indices in unread:
            value = float(loss)
            if np.isfinite(value):
                self.position.loss_sum += value * samples
                self.step_losses.add(step, value)
            else:
                files = [self.task.sample_name(index) for index in indices.tolist()]
                self.bad_loss.meet(BadStep(self.position.epoch + 1, step, value, files))
                self.position.samples_without_loss += samples

    def end_epoch(self, log: Log, progress: TrainingProgress) -> None:
        self.read_losses()
        position, settings = self.position, self.config.training
        row: dict[str, object] = {
            "epoch": position.epoch + 1,
            "step": position.step,
            "lr": self.optimizer.param_groups[0]["lr"],
            "train_loss": position.mean_loss,
        }
        if self.length.is_last_epoch() or (position.epoch + 1) % settings.validate_every == 0:
            row |= self.measure(log)
        row["images_per_second"] = position.samples / position.seconds
        row["seconds"] = position.seconds
        log.epoch(row)
        progress.epoch(row, position)
        position.next_epoch()
        self.save()

    def measure(self, log: Log) -> dict[str, float]:
        """Measure on the val split, and keep the network if it is the best so far."""
        network = self.best_network()
        if self.fabric.world_size > 1:
            # All processes measure the first one's buffers, which are saved. Batch norm's statistics may differ.
            for buffer in network.buffers():
                torch.distributed.broadcast(buffer, 0)
        begin = time.monotonic()
        measures = self.task.validate(network, self.fabric)
        self.position.seconds_of_measuring = time.monotonic() - begin
        if self.position.record(measures[self.task.monitor]):
            if self.fabric.is_global_zero:
                self.task.save(self.run.path, network)
                self.run.drop_replaced()
            self.state.save(self.run.best_checkpoint, keep=1)
        if self.images and self.fabric.is_global_zero:
            log.image(self.images(network), self.position.step)
        return measures

    def has_converged(self) -> bool:
        patience = self.config.training.early_stopping
        return patience is not None and self.position.measurements_since_best >= patience

    def save_if_due(self) -> None:
        due = time.monotonic() - self.saved_at > 60 * self.config.training.checkpoint_minutes
        # All processes save sharded weights together, but their clocks differ.
        if self.agreed(due) if self.sharded else due:
            self.save()

    def save(self) -> None:
        self.read_losses()
        self.state.save(self.run.last_checkpoint, self.config.training.keep_checkpoints)
        self.step_losses.write()
        self.saved_at = time.monotonic()

    def stop_if_asked(self) -> None:
        if self.agreed(self.stop.requested):
            self.save()
            raise KeyboardInterrupt(
                f"stopped in epoch {self.position.epoch + 1} after step {self.position.step}, which is saved in "
                f"{self.run.last_checkpoint}; go on with --resume"
            )

    def mean_over_processes(self, seconds: float) -> float:
        own = torch.tensor(seconds, device=self.fabric.device)
        return float(self.fabric.all_reduce(own, reduce_op="mean"))

    def agreed(self, said: bool) -> bool:
        """Whether any process says so. Several processes ask each other only every ``SIGNAL_CHECK_STEPS`` steps."""
        if self.fabric.world_size == 1:
            return said
        if self.position.step % SIGNAL_CHECK_STEPS:
            return False
        flag = torch.tensor(float(said), device=self.fabric.device)
        return bool(self.fabric.all_reduce(flag, reduce_op="sum") > 0)

    def step_at(self, position: Position) -> int:
        """The step of this run at ``position``. The steps before may have had more or fewer samples."""
        self.sampler.start_at(position.epoch, position.samples)
        left = ceil_div(len(self.sampler.ends()), self.config.training.accumulate)
        return (position.epoch + 1) * self.steps_per_epoch - left


def step_seed(seed: int, step: int, rank: int) -> int:
    """A number in 0 to 2**63 - 1 that differs for every step and process of every run."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)


def grouped(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """Lists of ``size`` batches in order; the last may be shorter."""
    while group := list(itertools.islice(batches, size)):
        yield group
