"""Memory and disks that are full while a model is used."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image

from segnet.errors import UserError
from segnet.inference.backends.onnxruntime_backend import OnnxRuntimeBackend
from segnet.inference.backends.openvino_backend import OpenVinoBackend
from segnet.inference.backends.torch_backend import TorchBackend
from segnet.inference.memory import FullMemoryError
from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.nn.saved import load_model
from segnet.web.app import build_app
from segnet.web.clips import Clips
from segnet.web.guard import known_hosts
from segnet.web.limits import Limits
from segnet.web.models import Models
from segnet.web.problems import RefusedError
from tests.faults.programs import full_memory_beyond, limit_file_size, limit_memory, segnet
from tests.faults.rows import Row, fault
from tests.inference.video.clips import write_clip

PART = "The machine's limits"
ALLOCATOR = RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory")
ERRORS = [ALLOCATOR, RuntimeError("std::bad_alloc"), MemoryError(), torch.OutOfMemoryError("CUDA out of memory")]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of 256x384 pixels, more than those of the model's training."""
    path = tmp_path / "street.png"
    Image.fromarray(np.zeros((256, 384, 3), np.uint8)).save(path)
    return path


@pytest.mark.parametrize("error", ERRORS, ids=["torch", "C++", "Python", "CUDA"])
@fault(
    PART,
    "memory full in the network of `predict`",
    shown="street.png: memory is full with 256x384 pixels; tiles of 128x192 fit: --tile 128x192",
    code=1,
    kept="the other images; the tile was tried, and the command works with it",
)
def test_full_memory_in_predict(error: Exception, model: Path, image: Path, tmp_path: Path, row: Row) -> None:
    words: list[str | Path] = [
        "predict",
        model,
        image,
        "--out",
        tmp_path / "out",
        "--size",
        "native",
        "--backend",
        "torch",
    ]
    full = partial(full_memory_beyond, 30_000, error)
    row.check(*segnet(*words, before=[full]))
    assert list((tmp_path / "out").iterdir()) == []
    code, errors = segnet(*words, "--tile", "128x192", before=[full])
    assert code == 0, errors


@fault(
    PART,
    "memory full in the network of `predict`, in an image that is read by rows of tiles",
    shown="street.png: memory is full with 256x384 pixels; tiles of 128x192 fit: --tile 128x192",
    code=1,
    kept="nothing is half written; the tile was tried, and the command works with it",
)
def test_full_memory_in_a_large_image(model: Path, image: Path, tmp_path: Path, row: Row) -> None:
    pytest.importorskip("pyvips")
    words: list[str | Path] = ["predict", model, image, "--out", tmp_path / "out", "--max-pixels", "1000"]
    words += ["--confidence", "--probabilities", "--polygons", "yolo", "--backend", "torch"]
    full = partial(full_memory_beyond, 30_000, ALLOCATOR)
    row.check(*segnet(*words, "--tile", "256x384", before=[full]))
    assert list((tmp_path / "out").iterdir()) == []
    code, errors = segnet(*words, "--tile", "128x192", before=[full])
    assert code == 0, errors


@fault(
    PART,
    "an image that does not fit into what `ulimit -v` allows",
    shown="large.png: memory is full …",
    code=1,
    kept="nothing is half written",
)
def test_an_image_beyond_the_memory_limit(model: Path, tmp_path: Path, row: Row) -> None:
    Image.fromarray(np.zeros((3000, 4000, 3), np.uint8)).save(tmp_path / "large.png")
    words: list[str | Path] = ["predict", model, tmp_path / "large.png", "--out", tmp_path / "out", "--size", "native"]
    row.check(*segnet(*words, before=[partial(limit_memory, 600_000_000)]))
    assert list((tmp_path / "out").iterdir()) == []


@fault(
    PART,
    "memory full in the network of `evaluate`",
    shown=": memory is full with 48x64 pixels; tiles of 24x32 fit: --tile 24x32",
    code=1,
    kept="nothing is written; the line names the image",
)
def test_full_memory_in_evaluate(model: Path, tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    words: list[str | Path] = [
        "evaluate",
        model,
        "--data",
        tiny_camvid,
        "--size",
        "native",
        "--json",
        tmp_path / "measures.json",
    ]
    row.check(*segnet(*words, before=[partial(full_memory_beyond, 1_000, ALLOCATOR)]))
    assert not (tmp_path / "measures.json").exists()


@fault(
    PART,
    "memory full in the network of `video`",
    shown="memory is full with 48x64 pixels; tiles of 24x32 fit: --tile 24x32",
    code=1,
    kept="no temporary file is left",
)
def test_full_memory_in_video(model: Path, tmp_path: Path, row: Row) -> None:
    clip = write_clip(tmp_path / "in.mp4", frames=3, gop=1)
    out = tmp_path / "videos"
    out.mkdir()
    words: list[str | Path] = ["video", model, clip, out / "out.mp4", "--size", "native"]
    row.check(*segnet(*words, before=[partial(full_memory_beyond, 1_000, ALLOCATOR)]))
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("backend", [OnnxRuntimeBackend, OpenVinoBackend])
def test_runtimes_that_are_full_are_not_said_to_dislike_the_size(
    backend: type[OnnxRuntimeBackend | OpenVinoBackend], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "onnxruntime" if backend is OnnxRuntimeBackend else "openvino"
    predictor = Predictor(load_model(model), backend=name, size="native")
    runs = backend.run

    def run(self: OnnxRuntimeBackend | OpenVinoBackend, output: str, pixels: np.ndarray) -> object:
        if pixels.size > 3 * 2_000:
            raise RuntimeError("Exception from src/inference: std::bad_alloc")
        return runs(self, output, pixels)  # type: ignore[arg-type]

    monkeypatch.setattr(backend, "run", run)
    with pytest.raises(FullMemoryError, match="tiles of 32x32 fit: --tile 32x32"):
        predictor.classes_of([np.zeros((64, 64, 3), np.uint8)])


def test_an_image_that_fits_in_no_tile(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    predictor = Predictor(load_model(model), backend="torch", size="native")
    monkeypatch.setattr(TorchBackend, "logits", full)
    with pytest.raises(UserError, match="and with any tile of them; end other programs"):
        predictor.probabilities([np.zeros((256, 256, 3), np.uint8)])


@fault(
    "Demo",
    "memory full in the network of the demo",
    shown="memory is full; choose a smaller size, or try again in a moment",
    code=503,
    kept="the server answers the next request",
)
def test_full_memory_in_the_demo(model: Path, image: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    # Registered to be put back after the test.
    monkeypatch.setattr(TorchBackend, "logits", TorchBackend.logits)
    full_memory_beyond(30_000, ALLOCATOR)
    with TestClient(
        build_app(Models([str(model)]), Limits(), known_hosts("127.0.0.1")), base_url="http://127.0.0.1"
    ) as client:
        files = {"image": image.read_bytes()}
        answer = client.post("/api/segment", files=files, data={"size": "own"})
        assert answer.status_code == row.code
        row.check_line(answer.json()["error"])
        assert client.post("/api/segment", files=files).status_code == 200


@contextmanager
def file_limit(limit: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@fault(
    "Demo",
    "the disk full as a clip is uploaded to the demo",
    shown="the disk of this server is full; try again later",
    code=507,
    kept="nothing of the clip is left",
)
def test_a_full_disk_in_the_demo(tmp_path: Path, row: Row) -> None:
    content = write_clip(tmp_path / "in.mp4", frames=3, gop=1).read_bytes()
    folder = tmp_path / "clips"
    folder.mkdir()
    clips = Clips(folder, Limits())
    with file_limit(500), pytest.raises(RefusedError) as caught:
        clips.receive(BytesIO(content))
    clips.close()
    assert caught.value.status == row.code
    row.check_line(str(caught.value))
    assert list(folder.iterdir()) == []


@fault(
    "Demo",
    "the disk full while the video of a clip is written for the demo",
    shown="the disk of this server is full; try again later",
    code=0,
    kept="the server answers the next request; nothing of the clip is left",
)
def test_a_full_disk_for_the_result_of_a_clip(model: Path, tmp_path: Path, row: Row) -> None:
    path = write_clip(tmp_path / "in.mp4", frames=30, gop=1)
    folder = tmp_path / "clips"
    folder.mkdir()
    clips = Clips(folder, Limits())
    with path.open("rb") as file:
        clip = clips.receive(file)
    with file_limit(1_000):
        clips.start(clip, lambda: Predictor(load_model(model)), lambda predictor: Overlay(predictor.classes))
        assert clip.work is not None
        clip.work.result(60)
    assert clip.state == "failed"
    row.check_line(clip.error or "")
    assert list(folder.iterdir()) == []
    clips.check_room()
    clips.close()


@pytest.mark.parametrize("suffix", ["onnx", "xml", "pt2"])
@fault(
    PART,
    "a file-size limit or a full disk, as `export` writes a model",
    shown="…; make room there and give the command again",
    code=1,
    kept="the old file, to the byte; nothing is half written",
)
def test_a_full_disk_in_export(suffix: str, model: Path, tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    out = tmp_path / "exported"
    out.mkdir()
    old = out / f"model.{suffix}"
    old.write_text("old")
    words: list[str | Path] = ["export", model, "--data", tiny_camvid, "--out", old, "--images", "1"]
    row.check(*segnet(*words, before=[partial(limit_file_size, 2_000)]))
    assert [path.name for path in out.iterdir()] == [old.name]
    assert old.read_text() == "old"
