"""Shards hold the samples that went in, wherever they are read from, and damage is named."""

import hashlib
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

from segnet.config import DataConfig
from segnet.datasets.augmentation import Augmented, build_augmentation
from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.load import load_split, load_train_split
from segnet.datasets.pair import Pair
from segnet.datasets.samples import ImagesAndMasks, Sample
from segnet.datasets.sampling import EpochBatches
from segnet.datasets.shards import ShardedImagesAndMasks, load_shards, source, write_shards
from segnet.datasets.shards.index import check_shards
from segnet.errors import UserError


@pytest.fixture(scope="module")
def files(tiny_camvid: Path) -> ImagesAndMasks:
    return load_camvid(str(tiny_camvid), "train", cache=False)


@pytest.fixture
def root(files: ImagesAndMasks, tmp_path: Path) -> Path:
    """Ten samples in shards of four, four and two."""
    write_shards(files, tmp_path / "train", samples_per_shard=4)
    return tmp_path


class RangeServer(BaseHTTPRequestHandler):
    """Files of a folder, with ranges, as nginx or S3 give them; its first answers may be failures."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: Any, folder: Path, failures: list[int], ranges: bool) -> None:
        self.folder, self.failures, self.ranges = folder, failures, ranges
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.failures:
            self.answer(self.failures.pop(), b"")
        elif self.path.startswith("/moved/"):
            self.answer(302, b"", Location=self.path.removeprefix("/moved"))
        elif not (path := self.folder / self.path[1:]).is_file():
            self.answer(404, b"none")
        elif self.ranges and (match := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"] or "")):
            self.answer(206, path.read_bytes()[int(match[1]) : int(match[2]) + 1])
        else:
            self.answer(200, path.read_bytes())

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve(root: Path) -> Iterator[Any]:
    """Starts a server of ``root`` and gives its address."""
    servers = []

    def start(failures: tuple[int, ...] = (), ranges: bool = True) -> str:
        handler = partial(RangeServer, folder=root, failures=list(failures), ranges=ranges)
        servers.append(server := ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def assert_same_samples(first: ImagesAndMasks, second: ImagesAndMasks) -> None:
    assert len(first) == len(second)
    for index in range(len(first)):
        one, other = first[index], second[index]
        assert one.name == other.name
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.mask, other.mask)
        assert np.array_equal(first.mask(index), second.mask(index))


def test_samples_come_back_as_they_went_in(files: ImagesAndMasks, root: Path) -> None:
    shards = load_split(DataConfig(name="shards", root=str(root)), "train")
    assert shards.classes == files.classes
    assert [pair.image.stem for pair in shards.pairs] == [pair.image.stem for pair in files.pairs]
    assert_same_samples(files, shards)


def test_shards_are_plain_tar_files_in_webdatasets_layout(files: ImagesAndMasks, root: Path) -> None:
    index = json.loads((root / "train" / "index.json").read_text())
    assert [shard["samples"] for shard in index["shards"]] == [4, 4, 2]
    names = []
    for shard in index["shards"]:
        content = (root / "train" / shard["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (shard["bytes"], shard["sha256"])
        with tarfile.open(root / "train" / shard["name"]) as archive:
            names += archive.getnames()
            image = archive.extractfile(archive.getnames()[0])
            assert image is not None
            assert image.read() == files.pairs[len(names) // 2 - shard["samples"]].image.read_bytes()
    keys = [f"{number:08d}_{pair.image.stem}" for number, pair in enumerate(files.pairs)]
    assert names == [f"{key}{suffix}" for key in keys for suffix in (".png", ".mask.png")]
    assert sorted(path.name for path in (root / "train").iterdir()) == [
        "000000.tar",
        "000001.tar",
        "000002.tar",
        "index.json",
        "samples.npy",
    ]
    assert check_shards(str(root / "train")) == 3


def test_an_epoch_from_shards_is_the_one_from_files(files: ImagesAndMasks, root: Path) -> None:
    """With loader workers and augmentation: the order and each sample are those of (seed, epoch, index)."""

    def epoch(dataset: ImagesAndMasks, workers: int, behind: int = 0) -> list[tuple[int, bytes]]:
        augmentation = build_augmentation([{"RandomCrop": {"height": 32, "width": 32}}], 11)
        sampler = EpochBatches(len(dataset), 3, seed=5)
        sampler.start_at(1, behind)
        data = Augmented(dataset, augmentation, 5)
        loader: DataLoader[Any] = DataLoader(data, batch_sampler=sampler, num_workers=workers, collate_fn=list)
        return [(sample["index"], sample["image"].numpy().tobytes()) for batch in loader for sample in batch]

    shards = load_shards(str(root), "train")
    whole = epoch(files, 0)
    assert epoch(shards, 2) == whole
    assert epoch(shards, 0, behind=6) == whole[6:]


def test_shards_are_read_over_http_from_where_they_moved_to(files: ImagesAndMasks, root: Path, serve: Any) -> None:
    assert_same_samples(files, load_shards(serve(failures=(503,)) + "/moved", "train"))


def test_a_server_without_ranges_is_named(root: Path, serve: Any) -> None:
    dataset = load_shards(serve(ranges=False), "train")
    with pytest.raises(UserError, match="answers no range requests"):
        dataset[0]


def test_a_missing_file_is_not_requested_again(root: Path, serve: Any) -> None:
    with pytest.raises(UserError, match=r"/val/index.json: the server answers 404 Not Found"):
        load_shards(serve(), "val")


def test_a_server_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PAUSE_S", 0.0)
    with pytest.raises(UserError, match=r"no answer: .*try again later"):
        load_shards("http://127.0.0.1:9", "train")


def test_splits_are_joined_and_shared(files: ImagesAndMasks, root: Path) -> None:
    write_shards(files.subset([3, 1]), root / "more")
    joined = load_shards(str(root), "train+more")
    assert [joined[index].name for index in (0, 10, 11)] == [files[index].name for index in (0, 3, 1)]
    half = load_train_split(DataConfig(name="shards", root=str(root), train_share=0.5))
    assert isinstance(half, ShardedImagesAndMasks)
    assert [half[index].name for index in range(5)] == [files[index].name for index in (0, 2, 4, 6, 8)]


class StopsAt(ImagesAndMasks):
    """Is interrupted at one of its samples."""

    def __init__(self, files: ImagesAndMasks, stop: int | None) -> None:
        super().__init__(files.pairs, files.classes)
        self.stop, self.asked = stop, set[int]()

    def __getitem__(self, index: int) -> Sample:
        if index == self.stop:
            raise KeyboardInterrupt
        self.asked.add(index)
        return super().__getitem__(index)


def test_an_interrupted_conversion_goes_on(files: ImagesAndMasks, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_shards(StopsAt(files, 6), tmp_path / "train", samples_per_shard=4, workers=1)
    with pytest.raises(UserError, match=r"index.json: no such file"):
        load_shards(str(tmp_path), "train")
    assert not list(tmp_path.glob("train/.*"))
    rest = StopsAt(files, None)
    write_shards(rest, tmp_path / "train", samples_per_shard=4)
    assert rest.asked.isdisjoint(range(4))
    assert rest.asked >= set(range(4, 8))
    assert_same_samples(files, load_shards(str(tmp_path), "train"))
    assert check_shards(str(tmp_path / "train")) == 3


def test_a_smaller_conversion_leaves_no_shard_of_the_larger_one(files: ImagesAndMasks, root: Path) -> None:
    write_shards(files.subset([0]), root / "train", samples_per_shard=4)
    assert [path.name for path in (root / "train").glob("*.tar")] == ["000000.tar"]
    assert len(load_shards(str(root), "train")) == 1


def test_the_fingerprint_is_of_the_content(files: ImagesAndMasks, root: Path) -> None:
    before = load_shards(str(root), "train").fingerprint()
    write_shards(files, root / "train", samples_per_shard=4)
    assert load_shards(str(root), "train").fingerprint() == before
    write_shards(files.subset([1, 0, *range(2, 10)]), root / "train", samples_per_shard=4)
    assert load_shards(str(root), "train").fingerprint() != before


def test_a_folder_with_other_files_is_left_alone(files: ImagesAndMasks, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds notes\.txt"):
        write_shards(files, tmp_path)


def test_a_copy_that_was_cut_short_is_found_at_once(root: Path) -> None:
    shard = root / "train" / "000001.tar"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"000001.tar: has [\d,]+ bytes, the index says"):
        load_shards(str(root), "train")


def test_a_changed_byte_is_found_when_it_is_read(root: Path) -> None:
    shard = root / "train" / "000000.tar"
    content = bytearray(shard.read_bytes())
    content[700] ^= 1
    shard.write_bytes(content)
    dataset = load_shards(str(root), "train")
    with pytest.raises(UserError, match=r"000000.tar: damaged at byte 0 \(checksum differs\)"):
        dataset[0]
    with pytest.raises(UserError, match=r"000000.tar: damaged \(SHA-256 differs"):
        check_shards(str(root / "train"))


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}'])
def test_a_broken_index_is_one_line(root: Path, content: str) -> None:
    (root / "train" / "index.json").write_text(content)
    with pytest.raises(UserError, match="no index of shards") as error:
        load_shards(str(root), "train")
    assert "\n" not in str(error.value)


def test_long_and_odd_names_are_kept(files: ImagesAndMasks, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    name = "größe v1.2 " + "x" * 120
    pairs = []
    for old, kind in zip(files.pairs[0].files, ("image", "mask"), strict=True):
        path = tmp_path / "data" / kind / f"{name}.png"
        path.parent.mkdir()
        path.write_bytes(old.read_bytes())
        pairs.append(path)
    one = ImagesAndMasks([Pair(pairs[0], pairs[1])], files.classes)
    write_shards(one, tmp_path / "train")
    assert_same_samples(one, load_shards(str(tmp_path), "train"))
