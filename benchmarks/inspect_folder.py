"""Processor time of ``segnet inspect`` for many pairs, with this code and another checkout in turns.

    git worktree add /tmp/before a43cee5
    python benchmarks/inspect_folder.py --pairs 10000 --before /tmp/before

Pairs of 480×360 with masks of twelve classes are made in a temporary folder, a few of them under many names. Each turn
runs in a new process, so that neither warms the other.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

DISTINCT = 20
HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--before", type=Path, required=True, help="checkout to compare with")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_pairs(Path(folder), args.pairs)
        seconds: dict[str, list[float]] = {"before": [], "now": []}
        for _ in range(args.turns):
            for name, checkout in (("before", args.before), ("now", HERE)):
                seconds[name].append(inspect(checkout, Path(folder)))
    for name, found in seconds.items():
        print(f"{name}: {', '.join(f'{second:.1f}' for second in found)} s of processor time")
    ratio = statistics.median(seconds["now"]) / statistics.median(seconds["before"])
    print(f"{args.pairs:,} pairs: {ratio:.2f} of the time before (medians)")


def make_pairs(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    for number in range(count):
        image, mask = (
            folder / kind / f"{number:06d}.{suffix}" for kind, suffix in (("images", "jpg"), ("masks", "png"))
        )
        if number >= DISTINCT:
            for path in (image, mask):
                os.link(path.with_stem(f"{number % DISTINCT:06d}"), path)
            continue
        for path, (height, width), channels in ((image, (36, 48), (3,)), (mask, (9, 12), ())):
            path.parent.mkdir(exist_ok=True)
            pixels = rng.integers(0, 256 if channels else 12, (height, width, *channels), dtype=np.uint8)
            how = Image.Resampling.BICUBIC if channels else Image.Resampling.NEAREST
            Image.fromarray(pixels).resize((480, 360), how).save(path)


def inspect(checkout: Path, folder: Path) -> float:
    """Processor time of one inspection in one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "segnet.cli", "inspect", str(folder), "--workers", "1"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
