"""Peak memory of ``segnet predict --tile`` over the size of the image.

    python benchmarks/large_images.py
    python benchmarks/large_images.py --format tif --sizes 5000x5000 10000x10000 40000x2500
    python benchmarks/large_images.py --whole --sizes 2000x2000 5000x5000

Each image is a photo repeated over the whole size. Each run is a new process, and the system counts its largest
resident memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyvips

from segnet.rounding import ceil_div

SAMPLE = next((Path(__file__).parents[1] / "segnet" / "web" / "samples").glob("*.jpg"))


def write_image(path: Path, height: int, width: int) -> None:
    photo = pyvips.Image.new_from_file(str(SAMPLE))
    across, down = ceil_div(width, photo.width), ceil_div(height, photo.height)
    photo.replicate(across, down).crop(0, 0, width, height).write_to_file(str(path))


def measured(command: list[str]) -> tuple[float, float]:
    """Peak memory in MB and seconds of a command.

    Raises:
        SystemExit: the command failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return usage.ru_maxrss / 1024, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--model", default="camvid-lite")
    parser.add_argument("--sizes", nargs="+", default=["1000x1000", "2500x10000", "10000x10000", "40000x2500"])
    parser.add_argument("--tile", default="720x960")
    parser.add_argument("--format", default="png", help="png, jpg or tif")
    parser.add_argument("--whole", action="store_true", help="read the image as a whole, to compare")
    args, options = parser.parse_known_args()
    print(f"{'height x width':>16} {'megapixels':>10} {'peak MB':>8} {'seconds':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for size in args.sizes:
            height, width = map(int, size.split("x"))
            image = Path(folder, f"image.{args.format}")
            write_image(image, height, width)
            limit = str(height * width if args.whole else 1)
            command = [sys.executable, "-m", "segnet.cli", "predict", args.model, str(image), "--out", folder]
            peak, seconds = measured([*command, "--tile", args.tile, "--max-pixels", limit, *options])
            print(f"{size:>16} {height * width / 1e6:10.1f} {peak:8.0f} {seconds:8.1f}", flush=True)


if __name__ == "__main__":
    main()
