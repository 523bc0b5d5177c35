"""Commands of segnet in processes of their own, which may be killed, starved and stopped.

They are forked from a server that has imported everything, so that each costs a fraction of a second.
"""

import ctypes
import itertools
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from segnet import cli

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["segnet.experiment", "segnet.commands.train", "torch.utils.tensorboard"])

NOBODY = 65534
Before = Callable[[], object]


class Program:
    """``segnet ARGUMENTS``, already running.

    Args:
        arguments: of the command line.
        before: called in the process before the command, one after the other; they can be pickled.
    """

    def __init__(self, arguments: Sequence[str], *before: Before) -> None:
        folder = tempfile.mkdtemp(prefix="segnet_faults_")
        weakref.finalize(self, shutil.rmtree, folder)
        self.output = Path(folder) / "output"
        self.process = CONTEXT.Process(target=run_command, args=(list(arguments), str(self.output), before))
        self.process.start()

    def wait(self, seconds: float = 120) -> int:
        """The exit code; negative: the signal that killed it."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            raise AssertionError(f"still running after {seconds} s: {self.errors}")
        return self.process.exitcode

    @property
    def errors(self) -> str:
        """What it wrote so far."""
        return self.output.read_text() if self.output.exists() else ""


def segnet(*arguments: str | Path, before: Sequence[Before] = ()) -> tuple[int, str]:
    """Run a command to its end; its exit code and what it wrote."""
    program = Program([str(word) for word in arguments], *before)
    return program.wait(), program.errors


def run_command(arguments: list[str], output: str, before: Sequence[Before]) -> None:
    import torch

    torch.set_num_threads(1)
    file = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(file, stream)
    sys.stdout, sys.stderr = (open(stream, "w", buffering=1, closefd=False) for stream in (1, 2))  # noqa: SIM115
    for prepare in before:
        prepare()
    sys.exit(cli.main(arguments))


def without_report() -> None:
    """Leave out the pages after a training, which take longer than the training here."""
    import segnet.experiment

    segnet.experiment.measure = lambda *_: None


def without_room_check() -> None:
    """Begin though the disk has no room: another program may fill it at any later write."""
    from segnet.training import early_checks

    early_checks.check_room = lambda *_: None


def compute_in_bf16() -> None:
    """Train in bf16 on any device, however slowly."""
    from segnet.training import launch

    launch.has_bf16 = lambda device: True  # type: ignore[attr-defined]


def infer_in_bf16() -> None:
    """Have a processor that computes in bf16, however slowly."""
    from segnet.inference.backends import torch_backend

    torch_backend.has_bf16 = lambda device: True  # type: ignore[attr-defined]


def limit_file_size(limit: int) -> None:
    """No file may have more bytes than ``limit``: a write beyond it fails as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def nearly_full_disk(free: int) -> None:
    """Have so many bytes left on every disk."""
    usage = shutil.disk_usage("/")
    shutil.disk_usage = lambda _: usage._replace(free=free)  # type: ignore[assignment]


def mount_shared_memory(options: str) -> None:
    """Have a ``/dev/shm`` of one's own, as in a container; root alone may, others end with 77."""
    try:
        # Python has os.unshare from 3.12 on.
        if ctypes.CDLL(None, use_errno=True).unshare(0x00020000):
            raise OSError(ctypes.get_errno(), "unshare")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", "/dev/shm"], check=True)
    except (OSError, subprocess.CalledProcessError):
        os._exit(77)


def limit_memory(more: int) -> None:
    """No more than ``more`` bytes of memory beyond what the process has by now."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + more, size + more))


def full_memory_beyond(pixels: int, error: Exception) -> None:
    """Have no memory for images of more than so many pixels in PyTorch."""
    from segnet.inference.backends.torch_backend import TorchBackend

    original = TorchBackend.logits

    def logits(self: TorchBackend, images: Any, dropout: bool = False) -> Any:
        if images.shape[-2] * images.shape[-1] > pixels:
            raise error
        return original(self, images, dropout)

    TorchBackend.logits = logits  # type: ignore[method-assign]


def become_nobody() -> None:
    """Give up root's right to read and write everything."""
    if os.getuid() != 0:
        return
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def at_step(step: int, act: Callable[[], object]) -> None:
    """Call ``act`` at the beginning of optimiser step ``step`` of this process."""
    from segnet.training.loop import Trainer

    original, count = Trainer.optimizer_step, iter(range(1, sys.maxsize))

    def optimizer_step(self: Trainer, batches: list[Any]) -> Any:
        if next(count) == step:
            act()
        return original(self, batches)

    Trainer.optimizer_step = optimizer_step  # type: ignore[method-assign]


def kill_at_step(step: int) -> None:
    """kill -9 at the beginning of a step."""
    at_step(step, partial(os.kill, os.getpid(), signal.SIGKILL))


def raise_at_step(number: int, step: int) -> None:
    """Receive signal ``number`` during a step."""
    at_step(step, partial(signal.raise_signal, number))


def signal_at_frame(number: int, frame: int) -> None:
    """Receive signal ``number`` before a frame of a video is predicted."""
    from segnet.inference.video.frames import FrameSegmenter

    original, count = FrameSegmenter.predict, iter(range(1, sys.maxsize))

    def predict(self: FrameSegmenter, images: Any) -> Any:
        if next(count) == frame:
            signal.raise_signal(number)
        return original(self, images)

    # A shell's background job ignores Ctrl-C, and so do its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    FrameSegmenter.predict = predict  # type: ignore[method-assign]


def full_memory_at_step(step: int, more: int) -> None:
    """From a step on, no more than ``more`` bytes of memory beyond what the process has by then."""
    at_step(step, partial(limit_memory, more))


def kill_loader_at_step(step: int) -> None:
    """kill -9 the processes that read images."""

    def kill() -> None:
        for worker in multiprocessing.active_children():
            worker.kill()
            worker.join()

    at_step(step, kill)


def spoil_inputs_at_step(step: int) -> None:
    """Give the network NaN in a step."""
    from segnet.training.tasks.segmentation import SegmentationTask

    original, spoilt = SegmentationTask.inputs, [False]

    def inputs(self: SegmentationTask, batch: Any) -> Any:
        factor = float("nan") if spoilt.pop() else 1.0
        spoilt.append(False)
        return original(self, batch) * factor

    def spoil() -> None:
        spoilt[0] = True

    SegmentationTask.inputs = inputs  # type: ignore[method-assign]
    at_step(step, spoil)


def as_rank(rank: int, port: int) -> None:
    """Be one of two processes that torchrun started."""
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE="2",
        LOCAL_WORLD_SIZE="2",
        GROUP_WORLD_SIZE="1",
        GROUP_RANK="0",
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
        TORCHELASTIC_RUN_ID="faults",
        TORCHELASTIC_RESTART_COUNT="0",
        TORCHELASTIC_MAX_RESTARTS="0",
    )


def set_variable(name: str, value: str) -> None:
    """Have an environment variable."""
    os.environ[name] = value
    tempfile.tempdir = None


def raise_in_command() -> None:
    """Run into an error of the program itself."""
    import segnet.commands.configs

    def run(_: object) -> int:
        raise KeyError("injected")

    segnet.commands.configs.run = run  # type: ignore[assignment]


def find_programs_in(folder: str) -> None:
    """Look for programs in a folder before all others."""
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def jumping_clock() -> None:
    """Time of day a day later or earlier at every look."""
    now, days = time.time, itertools.cycle([0, 86_400, -86_400])
    time.time = lambda: now() + next(days)


DISK_CALLS = ("fsync", "rename", "replace", "link", "unlink")


def die_at_disk_call(number: int, calls: Sequence[str] = DISK_CALLS) -> None:
    """kill -9 at the ``number``-th call that makes a file last, renames it, links it or removes it."""
    count = iter(range(1, sys.maxsize))

    def dying(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if next(count) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)

    for name in calls:
        setattr(os, name, partial(dying, getattr(os, name)))
