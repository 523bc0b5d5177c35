"""Two processes share an epoch: every sample once, the same weights on both, one run folder."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segnet.config_file import dump_config
from segnet.training.checkpoint import load_checkpoint
from tests.training.test_loop import tiny_config

RECORDER = """
import json, sys
from pathlib import Path
from segnet.config_file import load_config
from segnet.experiment import launch
from segnet.training.loop import Trainer
from segnet.training.run_folder import RunFolder
from segnet.training.segmentation import SegmentationTask

class Recorder(Trainer):
    seen = []

    def optimizer_step(self, batches):
        self.seen += [(self.position.epoch, int(index)) for batch in batches for index in batch["index"]]
        return super().optimizer_step(batches)

config = load_config(sys.argv[1])
fabric = launch(config)
task, run = SegmentationTask(config), RunFolder(config)
lock = run.open(config, resume=False) if fabric.is_global_zero else None
fabric.barrier()
trainer = Recorder(task, config, fabric, run)
trainer.train(resume=False)
weights = {name: value.double().sum().item() for name, value in trainer.network.named_parameters()}
Path(sys.argv[2], f"rank{fabric.global_rank}.json").write_text(json.dumps({"seen": trainer.seen, "weights": weights}))
"""


@pytest.mark.parametrize("launcher", ["torchrun", "fabric"])
def test_two_processes_see_each_sample_once_and_agree(launcher: str, tiny_camvid: Path, tmp_path: Path) -> None:
    config = tiny_config(tiny_camvid, tmp_path, devices=2 if launcher == "fabric" else 1)
    (tmp_path / "config.yaml").write_text(dump_config(config))
    (tmp_path / "recorder.py").write_text(RECORDER)
    start = (
        ["-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=29511"] if launcher == "torchrun" else []
    )
    done = subprocess.run(
        [sys.executable, *start, "recorder.py", "config.yaml", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1))
    for epoch in (0, 1):
        seen = [index for process in (first, second) for e, index in process["seen"] if e == epoch]
        assert sorted(seen) == list(range(10))
    assert first["weights"] == second["weights"]
    position = load_checkpoint(tmp_path / "run" / "checkpoints" / "last.pt")["position"]
    assert (position["epoch"], position["step"]) == (2, 6)  # ten samples in global batches of four: 4, 4, 2
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
