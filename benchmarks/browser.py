"""Compare the exported site with ONNX Runtime in Python: size, loading time, images a second, equal classes.

    python benchmarks/browser.py camvid-lite --data /data/CamVid

Both run the same graph on the same images, in turns, on one thread and on two. The time is that of the graph alone,
without decoding and drawing.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from segnet.config import DataConfig
from segnet.datasets.load import load_for_one_pass
from segnet.datasets.samples import Sample
from segnet.errors import UserError
from segnet.nn.saved import load_model
from segnet.optional import require
from segnet.web.site.check import check_site, find_browser
from segnet.web.site.runtime import runtime_files
from segnet.web.site.write import write_site


def in_python(graph: Path, samples: list[Sample], threads: int) -> float:
    """Seconds for each image in ONNX Runtime, the median."""
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(graph, options)
    seconds = []
    for sample in samples:
        pixels = np.dstack([sample.image, np.full(sample.image.shape[:2], 255, np.uint8)])[None]
        begin = time.perf_counter()
        session.run(None, {"pixels": pixels, "size": np.array(sample.image.shape[:2])})
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", required=True, help="root of CamVid")
    parser.add_argument("--images", type=int, default=101)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    browser = find_browser()
    if browser is None:
        raise UserError("no Chromium or Chrome is here")
    model = load_model(args.model)
    val = load_for_one_pass(DataConfig(root=args.data), "val")
    samples = [val[index] for index in range(min(args.images, len(val)))]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "site"
        folder.mkdir()
        write_site(folder, model, args.model, runtime_files(None), drawn=False, licenses="")
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        print(f"{sum(sizes) / 1e6:.1f} MB in {len(sizes)} files")
        for _ in range(args.rounds):
            for threads in (1, 2):
                found = check_site(folder, model, samples, browser, lambda _: None, threads=threads > 1)
                rate = 1 / in_python(folder / "model.onnx", samples, threads)
                print(f"threads {threads}: browser {found}; Python {rate:.1f} images a second", flush=True)


if __name__ == "__main__":
    main()
