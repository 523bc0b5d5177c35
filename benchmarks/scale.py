"""Measure data sets of 200,000 samples: time to list a folder, memory while shards are streamed, samples a second.

    python benchmarks/scale.py listing      # a folder of so many images and masks, listed the first and the second time
    python benchmarks/scale.py memory       # memory of a loader and its workers over an epoch of shards
    python benchmarks/scale.py leaks        # the search for images that look alike, among hashes drawn at random
    python benchmarks/scale.py http         # random access over HTTP, for answers that take so many milliseconds

Everything is made in a temporary folder and removed.
"""

import argparse
import math
import os
import re
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.data import DataLoader

from segnet.datasets import folder_cache
from segnet.datasets.augmentation import Augmented, build_augmentation
from segnet.datasets.classes import ClassSet
from segnet.datasets.folder import pairs_from_folders
from segnet.datasets.inspection.leaks import find_leaks
from segnet.datasets.inspection.look import Look
from segnet.datasets.pair import Pair
from segnet.datasets.sampling import EpochBatches
from segnet.datasets.shards import load_shards
from segnet.datasets.shards.index import Shard, rows_of, write_index
from segnet.datasets.shards.write import BLOCK, members

CLASSES = ClassSet(("a", "b"), ((255, 0, 0), (0, 255, 0)))
DISTINCT = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("listing", "memory", "leaks", "http"))
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure = {"listing": time_listing, "memory": measure_memory, "leaks": time_leaks, "http": time_http}
        measure[args.what](Path(folder), args)


def time_leaks(folder: Path, args: argparse.Namespace) -> None:
    """One image in a hundred repeats another, with a hash that differs in up to 5 bits."""
    random, again = np.random.default_rng(0), args.samples // 100
    hashes = random.integers(0, 2**64, args.samples, np.uint64)
    flips = np.uint64(1) << random.integers(0, 64, (again, 5), np.uint64)
    hashes[-again:] = hashes[:again] ^ np.bitwise_or.reduce(flips, axis=1)
    thumbnails = random.integers(0, 256, (args.samples, 16, 16), np.uint8)
    thumbnails[-again:] = thumbnails[:again]
    pairs = [Pair(folder / f"{index}.png", folder / "mask.png") for index in range(args.samples)]
    looks = [
        Look(pair, perceptual=int(value), thumbnail=thumbnail, pixels_hash=pair.image.name.encode())
        for pair, value, thumbnail in zip(pairs, hashes, thumbnails, strict=True)
    ]
    start = time.process_time()
    found = find_leaks(looks, {pair.image: ("train",) for pair in pairs})
    print(f"{args.samples:,} images: {len(found):,} of {again:,} found in {time.process_time() - start:.1f} s")


def time_listing(folder: Path, args: argparse.Namespace) -> None:
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    source = folder / "source.png"
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(source)
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
        for index in range(args.samples):
            # A file may have 65,000 names on ext4.
            if index % 50_000 == 0:
                first = folder / kind / f"{index:07d}.png"
                first.write_bytes(source.read_bytes())
            else:
                os.link(first, folder / kind / f"{index:07d}.png")
    time.sleep(folder_cache.SETTLED_S + 0.1)
    for when in ("first", "second"):
        start, cpu = time.perf_counter(), time.process_time()
        pairs = pairs_from_folders(folder / "images", folder / "masks")
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(f"{when} time: {len(pairs):,} pairs in {seconds:.2f} s, {cpu:.2f} s of them computing")


def write_generated(folder: Path, samples: int, per_shard: int = 10_000, size: int = 16) -> None:
    """Write a split of ``samples`` tiny samples. A few are drawn and repeated under new names."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    drawn = []
    for number in range(DISTINCT):
        path = folder / "image.png"
        Image.fromarray(rng.integers(0, 255, (size, size, 3), np.uint8)).save(path)
        drawn.append(members(number, "sample", path, rng.integers(0, 2, (size, size), np.uint8)))
        path.unlink()
    rows, shards = [], []
    for number, start in enumerate(range(0, samples, per_shard)):
        length = 0
        with (folder / f"{number:06d}.tar").open("wb") as file:
            for index in range(start, min(start + per_shard, samples)):
                blob = drawn[index % DISTINCT]
                rows.append((number, length, len(blob), zlib.crc32(blob), f"sample{index:07d}"))
                length += file.write(blob)
            file.write(bytes(2 * BLOCK))
        shards.append(Shard(name=f"{number:06d}.tar", samples=per_shard, bytes=length + 2 * BLOCK, sha256=""))
    write_index(folder, CLASSES, shards, rows_of(rows))


SHARES = (0.05, 0.1, 0.4, 0.7, 0.9999, math.inf)
"""Shares of the samples after which memory is measured."""


def measure_memory(folder: Path, args: argparse.Namespace) -> None:
    write_generated(folder / "train", args.samples)
    dataset = load_shards(str(folder), "train")
    print(f"index of {len(dataset):,} samples: {dataset.rows.nbytes / 2**20:.1f} MiB")
    batches = EpochBatches(len(dataset), args.batch, seed=0)
    data = Augmented(dataset, build_augmentation([{"HorizontalFlip": {"p": 0.5}}], 255), seed=0)
    loader = DataLoader(data, batch_sampler=batches, num_workers=args.workers, collate_fn=len)
    start, seen, due = time.perf_counter(), 0, SHARES[0]
    for count in loader:
        seen += count
        if seen >= due * len(dataset):
            memory = ", ".join(f"{name} {mib:.1f}" for name, mib in private_memory())
            print(
                f"{seen:>9,} samples, {seen / (time.perf_counter() - start):,.0f} a second; MiB: {memory}", flush=True
            )
            due = next(share for share in SHARES if share > due)


def private_memory() -> Iterator[tuple[str, float]]:
    """Resident and private memory of this process and of its children, in MiB."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for name, pid in (("main", "self"), *((f"worker {index}", pid) for index, pid in enumerate(children))):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found = {key: int(value) for key, value in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
        yield f"{name} resident", found["Rss"] / 1024
        yield f"{name} private", (found["Private_Clean"] + found["Private_Dirty"]) / 1024


def time_http(folder: Path, args: argparse.Namespace) -> None:
    write_generated(folder / "train", min(args.samples, 5_000), size=256)
    for wait in (0, 10, 50):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(folder, wait / 1000))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        dataset: Any = load_shards(f"http://127.0.0.1:{server.server_port}", "train")
        for workers in (1, 4):
            batches = EpochBatches(len(dataset), 8, seed=0)
            loader: DataLoader[Any] = DataLoader(
                dataset, batch_sampler=KeyedIndices(batches), num_workers=workers, collate_fn=len
            )
            start, seen = time.perf_counter(), 0
            for count in loader:
                seen += count
                if seen >= 400:
                    break
            print(
                f"{wait} ms an answer, {workers} workers: {seen / (time.perf_counter() - start):.0f} samples a second"
            )
        server.shutdown()


class KeyedIndices:
    """The batches of an epoch as plain indices."""

    def __init__(self, batches: EpochBatches) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[list[int]]:
        return ([index for _, index in batch] for batch in self.batches)


def handler(folder: Path, wait: float) -> type[BaseHTTPRequestHandler]:
    class Ranges(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(wait)
            path = folder / self.path[1:]
            match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"] or "")
            start, end = (int(match[1]), int(match[2]) + 1) if match else (0, path.stat().st_size)
            with path.open("rb") as file:
                file.seek(start)
                body = file.read(end - start)
            self.send_response(206 if match else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Ranges


if __name__ == "__main__":
    main()
