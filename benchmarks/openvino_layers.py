"""Show where a model spends its time in OpenVINO on one thread, and what the end of its graph costs.

    python benchmarks/openvino_layers.py camvid-lite
    python benchmarks/openvino_layers.py lite_int8.xml --rounds 40

Four ways take turns in one process:

- graph: the graph enlarges the logits and takes the argmax, as in exported files.
- outside: the graph stops before the enlargement, and :func:`segnet.inference.enlarge.classes_at` does the rest.
- convolution: a convolution gives four pixels for each place of the logits. Their argmax is interleaved as bytes.
- no end: the graph stops before the enlargement, and nothing follows. No way to the classes can be faster.

The script compares the processor time of each call, which other programs on the machine hardly change. The counters
are wall-clock times, the least of all rounds. On a busy machine the long ones are too large.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino as ov  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray
from openvino import opset13 as op

from segnet.datasets.image_files import read_image
from segnet.inference.backends.openvino_backend import OpenVinoBackend, only_output
from segnet.inference.enlarge import classes_at
from segnet.inference.graph import CLASSES
from segnet.inference.openvino_core import openvino_core
from segnet.model import load

PHOTO = next((Path(__file__).parents[1] / "segnet" / "web" / "samples").glob("*.jpg"))
Call = Callable[[], NDArray[Any]]
Least = dict[tuple[str, str, str], float]
"""The least milliseconds of each node, by its type, name and kernel."""


def enlargement(graph: Any) -> Any:
    """The node of the graph that enlarges the logits, found from the classes upwards."""
    node = graph.get_results()[0]
    while node.get_type_name() != "Interpolate":
        node = node.input(0).get_source_output().node
    return node


def before_enlargement(graph: Any) -> Any:
    source = enlargement(graph).input(0).get_source_output()
    return ov.Model([op.result(source)], graph.get_parameters(), "logits")


def by_convolution(graph: Any) -> Any:
    """Bilinear enlargement to twice the size as a 3x3 convolution with a repeated edge."""
    source = enlargement(graph).input(0).get_source_output()
    _, channels, height, width = (side.get_length() for side in source.partial_shape)
    taps = np.array([[0.25, 0.75, 0], [0, 0.75, 0.25]], np.float32)
    weights = np.einsum("ri,cj,kl->rcklij", taps, taps, np.eye(channels, dtype=np.float32))
    padded = op.pad(source, [0, 0, 1, 1], [0, 0, 1, 1], "edge")
    kernel = op.constant(weights.reshape(4 * channels, channels, 3, 3))
    phases = op.convolution(padded, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    phases = op.reshape(phases, [1, 4, channels, height, width], False)
    best = op.topk(phases, op.constant(np.int64(1)), 2, "max", "none", index_element_type="i32").output(1)
    best = op.reshape(op.convert(best, "u8"), [1, 2, 2, height, width], False)
    best = op.reshape(op.transpose(best, [0, 3, 1, 4, 2]), [1, 2 * height, 2 * width], False)
    return ov.Model([op.result(best)], graph.get_parameters(), "classes")


def counters(request: Any, least: Least) -> None:
    """Update ``least`` with the request's last inference."""
    for info in request.profiling_info:
        key = info.node_type, info.node_name, info.exec_type
        least[key] = min(least.get(key, np.inf), info.real_time.total_seconds() * 1e3)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--precision", default="auto", help="of a network: fp32, bf16 or auto")
    parser.add_argument("--size", type=int, nargs=2, default=(360, 480), metavar=("H", "W"), help="even numbers")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=25, help="number of nodes that are printed one by one")
    return parser.parse_args()


class Ways:
    """The ways to the classes on one image, and the request of the graph that has its end inside.

    Attributes:
        calls: the ways by name.
        inside: the request whose counters are read.
    """

    def __init__(self, backend: OpenVinoBackend, image: NDArray[np.uint8]) -> None:
        settings: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERF_COUNT": "YES"}
        if backend.precision != "int8":
            settings["INFERENCE_PRECISION_HINT"] = {"fp32": "f32", "bf16": "bf16"}[backend.precision]

        def request(change: Callable[[Any], Any]) -> Any:
            graph = only_output(backend.graph, CLASSES)
            graph.reshape(list(image.shape))
            return openvino_core().compile_model(change(graph), "CPU", settings).create_infer_request()

        self.inside = request(lambda graph: graph)
        logits, convolution = request(before_enlargement), request(by_convolution)

        def outside() -> NDArray[Any]:
            small = torch.from_numpy(np.asarray(logits.infer(image, share_inputs=True)[0])).float()
            return np.asarray(classes_at(small, image.shape[1:3]))

        self.calls: dict[str, Call] = {
            "graph": lambda: np.asarray(self.inside.infer(image, share_inputs=True)[0]),
            "outside": outside,
            "convolution": lambda: np.asarray(convolution.infer(image, share_inputs=True)[0]),
            # It gives no classes. It shows how long everything after the small logits takes.
            "no end": lambda: np.asarray(logits.infer(image, share_inputs=True)[0]),
        }

    def alike(self) -> dict[str, float]:
        """The share of pixels that have the same class as in the graph, for each way that gives classes."""
        expected = self.calls["graph"]()
        return {name: float((call() == expected).mean()) for name, call in self.calls.items() if name != "no end"}

    def measure(self, rounds: int) -> tuple[dict[str, list[float]], Least]:
        """Milliseconds of processor time of each call, and the least time of each node."""
        times: dict[str, list[float]] = {name: [] for name in self.calls}
        least: Least = {}
        for _ in range(rounds):
            for name, call in self.calls.items():
                started = time.process_time()
                call()
                times[name].append(1e3 * (time.process_time() - started))
            counters(self.inside, least)
        return times, least


def print_times(times: dict[str, list[float]], alike: dict[str, float]) -> None:
    for name, spent in times.items():
        ratio = np.median(np.divide(times["graph"], spent))
        same = f", same class on {alike[name]:.3%}" if name in alike else ""
        print(
            f"{name:>12}: processor time {min(spent):5.1f} ms at least, {np.median(spent):5.1f} median, "
            f"{ratio:.3f} times as fast{same}"
        )


def print_nodes(least: Least, count: int) -> None:
    """The sum of each type of node, then the ``count`` slowest nodes."""
    types: dict[str, float] = {}
    for (kind, _, _), ms in least.items():
        types[kind] = types.get(kind, 0.0) + ms
    ranked = sorted(types.items(), key=lambda entry: -entry[1])
    print("\nms by type:", ", ".join(f"{kind} {ms:.2f}" for kind, ms in ranked if ms >= 0.01))
    for (kind, node, kernel), ms in sorted(least.items(), key=lambda entry: -entry[1])[:count]:
        print(f"{ms:7.2f}  {kind:<18} {kernel:<24} {node}")


def main() -> None:
    args = arguments()
    torch.set_num_threads(1)
    backend = OpenVinoBackend(load(args.model).predictor.model, args.precision, "cpu")
    height, width = args.size
    # A photo, because in noise every pixel would be a border between classes.
    image = np.asarray(cv2.resize(read_image(PHOTO), (width, height), interpolation=cv2.INTER_AREA)[None], np.uint8)
    ways = Ways(backend, image)
    alike = ways.alike()
    times, least = ways.measure(args.rounds)
    print(f"{backend.description}, {height}x{width}, one thread, {args.rounds} rounds in turns")
    print_times(times, alike)
    print_nodes(least, args.nodes)


if __name__ == "__main__":
    main()
