"""FSDP on two processes: each weight in parts, the result of one process, checkpoints that any run goes on from."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from segnet.config import Config
from segnet.config_file import dump_config
from segnet.nn.catalogue import build_network
from segnet.nn.saved import load_model
from segnet.training.checkpoint import candidates, load_checkpoint, read_checked
from segnet.training.sharding import blocks
from tests.training.test_loop import train
from tests.training.test_processes import finish, shared_config, start

EVERY_STEP: dict[str, Any] = {"checkpoint_minutes": 1e-6, "keep_checkpoints": 9}
FSDP: dict[str, Any] = {"devices": 2, "strategy": "fsdp"}

PROGRAM = """
import json, sys
from pathlib import Path
from segnet.config_file import load_config
from segnet.training.launch import launch
from segnet.training import loop, sharding
from segnet.run_folder import RunFolder
from segnet.training.tasks.segmentation import SegmentationTask
from torch.distributed.fsdp import FSDPModule

sharding.BLOCK_WEIGHTS = 100
loop.SIGNAL_CHECK_STEPS = 1
config = load_config("config.yaml")
fabric = launch(config)
task, run = SegmentationTask(config), RunFolder(config.run_folder)
lock = run.open(config, resume="resume" in sys.argv) if fabric.is_global_zero else None
fabric.barrier()
trainer = loop.Trainer(task, config, fabric, run)
trainer.train(resume="resume" in sys.argv)
held = [sharding.own_part(weight).numel() for weight in trainer.network.parameters()]
averaged = [sharding.own_part(weight).numel() for weight in trainer.average.network.parameters()]
moments = [sharding.own_part(state["momentum_buffer"]).numel() for state in trainer.optimizer.state.values()]
parts = sum(isinstance(module, FSDPModule) for module in trainer.network.modules())
seen = {"held": sum(held), "averaged": sum(averaged), "moments": sum(moments), "parts": parts}
Path(f"rank{fabric.global_rank}.json").write_text(json.dumps(seen))
"""


def run_fsdp(config: Config, folder: Path, *arguments: str) -> None:
    (folder / "config.yaml").write_text(dump_config(config))
    (folder / "program.py").write_text(PROGRAM)
    process = start(["program.py", *arguments], folder)
    output = finish(process)
    assert process.returncode == 0, output[-3000:]


@pytest.fixture(scope="module")
def alone(tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run of one process with the total batch of two, and its last checkpoint."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, train(shared_config(tiny_camvid, folder, batch_size=4, **EVERY_STEP))


@pytest.fixture(scope="module")
def together(tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("together")
    config = shared_config(tiny_camvid, folder, **FSDP, **EVERY_STEP)
    run_fsdp(config, folder)
    return folder, load_checkpoint(folder / "run" / "checkpoints" / "last.pt")


def close(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, Tensor):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            close(ours[key], value)
    else:
        assert ours == pytest.approx(theirs, abs=1e-6)


def assert_same_run(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for part in ("network", "average"):
        close(ours[part], theirs[part])
    close(ours["optimizer"]["state"], theirs["optimizer"]["state"])
    assert (ours["position"]["epoch"], ours["position"]["step"]) == (2, 4)
    assert ours["position"]["best"] == pytest.approx(theirs["position"]["best"], abs=1e-6)


def test_two_processes_with_parts_of_the_weights_give_the_result_of_one(
    alone: tuple[Path, dict[str, Any]], together: tuple[Path, dict[str, Any]]
) -> None:
    assert_same_run(together[1], alone[1])
    ranks = [json.loads((together[0] / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    weights = sum(
        weight.numel()
        for weight in build_network(
            "segnet_lite", 11, **{"widths": [4, 8, 8, 8], "depths": [1, 1], "dilations": [1]}
        ).parameters()
    )
    for part in ("held", "averaged", "moments"):
        assert ranks[0][part] < 0.6 * weights
        assert sum(rank[part] for rank in ranks) == weights
    assert ranks[0]["parts"] > 4


def test_best_weights_of_parts_are_whole(
    alone: tuple[Path, dict[str, Any]], together: tuple[Path, dict[str, Any]]
) -> None:
    ours, theirs = (load_model(folder / "run").network.state_dict() for folder, _ in (together, alone))
    close(ours, theirs)


def mid_run(folder: Path, to: Path) -> None:
    """Copy a run as it was after the first step of its second epoch."""
    shutil.copytree(folder / "run", to / "run")
    last = to / "run" / "checkpoints" / "last.pt"
    (third,) = (path for path in candidates(last) if read_checked(path)["position"]["step"] == 3)
    third.replace(last)
    (to / "run" / "config.yaml").unlink()  # its batch may be that of another number of processes


def test_one_process_goes_on_from_parts(
    tiny_camvid: Path, alone: tuple[Path, dict[str, Any]], together: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    mid_run(together[0], tmp_path)
    assert_same_run(train(shared_config(tiny_camvid, tmp_path, batch_size=4), resume=True), alone[1])


def test_parts_go_on_from_one_process(tiny_camvid: Path, alone: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    mid_run(alone[0], tmp_path)
    config = shared_config(tiny_camvid, tmp_path, **FSDP)
    run_fsdp(config, tmp_path, "resume")
    assert_same_run(load_checkpoint(tmp_path / "run" / "checkpoints" / "last.pt"), alone[1])


def test_blocks_are_large_and_called_as_modules() -> None:
    network = build_network("segnet", 11)
    found = blocks(network)
    # The convolutions of 512 channels, and the two that begin and end with them; none of the containers.
    assert [(block.in_channels, block.out_channels) for block in found if isinstance(block, nn.Conv2d)] == [
        *[(256, 512), (512, 512), (512, 512)],
        *[(512, 512)] * 3,
        *[(512, 512)] * 3,
        *[(512, 512), (512, 512), (512, 256)],
    ]
    assert len(found) == 12
    # A layer that is no container's is left alone: attention reads the weights of its own output layer.
    attention = nn.Sequential(nn.MultiheadAttention(1024, 8))
    assert blocks(attention) == [attention[0]]
