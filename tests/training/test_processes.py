"""Two processes are one with twice the batch: each sample once, the same result, one run folder, one end."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from segnet.config import Config, SgdConfig
from segnet.config_file import dump_config
from segnet.run_folder import RunFolder
from segnet.training.checkpoint import load_checkpoint
from segnet.training.launch import launch
from segnet.training.loop import Trainer
from segnet.training.tasks.segmentation import SegmentationTask
from segnet.training.tasks.task import Batch
from tests.training.test_loop import tiny_config, train

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 250
TORCHRUN = ["-m", "torch.distributed.run"]

RECORDER = """
import json, sys
from pathlib import Path
from segnet.config_file import load_config
from segnet.training.launch import launch
from segnet.training.loop import Trainer
from segnet.run_folder import RunFolder
from segnet.training.tasks.segmentation import SegmentationTask

class Recorder(Trainer):
    seen = []

    def optimizer_step(self, batches):
        self.seen += [(self.position.epoch, int(index)) for batch in batches for index in batch["index"]]
        return super().optimizer_step(batches)

config = load_config(sys.argv[1])
fabric = launch(config)
task, run = SegmentationTask(config), RunFolder(config.run_folder)
lock = run.open(config, resume=False) if fabric.is_global_zero else None
fabric.barrier()
trainer = Recorder(task, config, fabric, run)
trainer.train(resume=False)
weights = {name: value.double().sum().item() for name, value in trainer.network.named_parameters()}
Path(sys.argv[2], f"rank{fabric.global_rank}.json").write_text(json.dumps({"seen": trainer.seen, "weights": weights}))
"""


@pytest.fixture(scope="module")
def alone(tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The last checkpoint of one process with the total batch of two."""
    return train(shared_config(tiny_camvid, tmp_path_factory.mktemp("alone"), batch_size=4))


def shared_config(data: Path, runs: Path, **training: Any) -> Config:
    """Seven samples in total batches of four: the second has three, two of them for the first process.

    Without dropout, whose draws are each process's own, and without Adam, whose first steps are as long for a
    gradient that is nothing but rounding as for any other.
    """
    config = tiny_config(data, runs, **training)
    return config.model_copy(
        update={
            "data": config.data.model_copy(update={"train_share": 0.7}),
            "model": config.model.model_copy(update={"dropout": 0.0}),
            "optimizer": SgdConfig(name="sgd", lr=0.05, weight_decay=config.optimizer.weight_decay),
        }
    )


def start(
    arguments: list[str], folder: Path, prefix: list[str] | None = None, **variables: str
) -> "subprocess.Popen[str]":
    """A Python program in ``folder``, which is not waited for."""
    return subprocess.Popen(
        [*(prefix or []), sys.executable, *arguments],
        cwd=folder,
        # torchrun leaves a folder for logs in the temporary one.
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> str:
    """What a program has printed when it has ended."""
    try:
        return process.communicate(timeout=TIMEOUT_S)[0]
    finally:
        end(process)


def end(process: "subprocess.Popen[str]") -> None:
    process.terminate()  # torchrun hands it on to its processes
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:  # while it waits for another host it hears no signal
        process.kill()


def start_fabric(folder: Path) -> list["subprocess.Popen[str]"]:
    return [start(["recorder.py", "config.yaml", str(folder)], folder)]


def start_torchrun(folder: Path) -> list["subprocess.Popen[str]"]:
    program = ["recorder.py", "config.yaml", str(folder)]
    return [start([*TORCHRUN, "--nproc_per_node=2", "--master_port=29511", *program], folder)]


def start_two_hosts(folder: Path) -> list["subprocess.Popen[str]"]:
    """Two network namespaces with a cable between them; they share nothing of the network else."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and the command ip")
    hosts = [f"segnet{os.getpid()}{side}" for side in "ab"]
    commands = [
        *(f"netns add {host}" for host in hosts),
        f"link add {hosts[0]} type veth peer name {hosts[1]}",
        *(f"link set {host} netns {host}" for host in hosts),
        *(f"-n {host} addr add 10.77.0.{number}/24 dev {host}" for number, host in enumerate(hosts, 1)),
        *(f"-n {host} link set {device} up" for host in hosts for device in ("lo", host)),
    ]
    for command in commands:
        done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"ip {command}: {done.stderr.strip()}")
    program = ["--master_addr=10.77.0.1", "--master_port=29511", "recorder.py", "config.yaml", str(folder)]
    return [
        start(
            [*TORCHRUN, "--nnodes=2", f"--node_rank={number}", "--nproc_per_node=1", *program],
            folder,
            ["ip", "netns", "exec", host],
            GLOO_SOCKET_IFNAME=host,
        )
        for number, host in enumerate(hosts)
    ]


@pytest.fixture
def no_hosts_left() -> Iterator[None]:
    yield
    for side in "ab" if shutil.which("ip") else "":
        subprocess.run(["ip", "netns", "del", f"segnet{os.getpid()}{side}"], capture_output=True, check=False)


@pytest.mark.usefixtures("no_hosts_left")
@pytest.mark.parametrize("starter", [start_fabric, start_torchrun, start_two_hosts])
def test_two_processes_give_the_result_of_one(
    starter: Callable[[Path], list["subprocess.Popen[str]"]], alone: dict[str, Any], tiny_camvid: Path, tmp_path: Path
) -> None:
    config = shared_config(tiny_camvid, tmp_path, devices=2 if starter is start_fabric else 1)
    (tmp_path / "config.yaml").write_text(dump_config(config))
    (tmp_path / "recorder.py").write_text(RECORDER)
    processes = starter(tmp_path)
    try:
        # The first host waits for the others' end, and could not say why one of them failed.
        for process in reversed(processes):
            output = finish(process)
            assert process.returncode == 0, output[-3000:]
    finally:
        for process in processes:
            end(process)
    first, second = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1))
    for epoch in (0, 1):
        seen = [index for process in (first, second) for e, index in process["seen"] if e == epoch]
        assert sorted(seen) == list(range(7))
    assert first["weights"] == second["weights"]
    together = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.pt")
    assert (together["position"]["epoch"], together["position"]["step"]) == (2, 4)
    assert together["position"]["best"] == pytest.approx(alone["position"]["best"], abs=1e-6)
    for part in ("network", "average"):
        ours, theirs = (state[part].get("network", state[part]) for state in (together, alone))
        for name, tensor in theirs.items():
            torch.testing.assert_close(ours[name], tensor, rtol=1e-4, atol=1e-5)
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2


DIES = """
import os, signal, sys
from segnet.cli import main
from segnet.training.loop import Trainer
step = Trainer.optimizer_step

def dies(self, batches):
    if self.position.step == 3 and self.fabric.global_rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, batches)

Trainer.optimizer_step = dies
sys.exit(main(["train", "--config", "config.yaml"]))
"""


def test_a_killed_process_ends_all_and_any_number_goes_on(tiny_camvid: Path, tmp_path: Path) -> None:
    config = shared_config(tiny_camvid, tmp_path, checkpoint_minutes=1e-6)
    (tmp_path / "config.yaml").write_text(dump_config(config))
    (tmp_path / "dies.py").write_text(DIES)
    process = start([*TORCHRUN, "--nproc_per_node=2", "--master_port=29512", "dies.py"], tmp_path)
    output = finish(process)
    assert process.returncode != 0
    checkpoint = tmp_path / "run" / "checkpoints" / "last.pt"
    # torchrun ends the others with SIGTERM, which may come before Gloo says that the first is gone.
    lost = (
        "another process of this training has ended or is stuck, so process 0 of 2 ends too; look at its messages, "
        f"then go on from {checkpoint} with --resume, on any number of processes"
    )
    assert lost in output or "segnet train: stopped" in output, output[-3000:]
    position = load_checkpoint(checkpoint)["position"]
    assert (position["epoch"], position["samples"], position["step"]) == (1, 4, 3)
    # One process, with half the total batch: three samples of the second epoch are left, two steps of the schedule's 8.
    seen: list[int] = []

    class Seen(Trainer):
        def optimizer_step(self, batches: list[Batch]) -> torch.Tensor:
            seen.extend(int(index) for batch in batches for index in batch["index"])
            return super().optimizer_step(batches)

    run = RunFolder(config.run_folder)
    with run.open(config, resume=True):
        trainer = Seen(SegmentationTask(config), config, launch(config), run)
        last = trainer.train(resume=True)
    assert seen == trainer.sampler.order(1)[4:].tolist()
    assert (last.epoch, last.step) == (2, 8)
