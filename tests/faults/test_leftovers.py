"""Commands that are killed while they write: the old file stays, and the next such command removes what was left."""

import os
import signal
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from segnet.files import atomic_file, sweep, temporary_beside
from tests.faults.conftest import Begin, Training
from tests.faults.programs import die_at_disk_call, raise_at_step, segnet, signal_at_frame, without_report
from tests.faults.rows import Row, fault


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Images that a video is made of."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for index in range(24):
        cv2.imwrite(str(folder / f"{index:02}.png"), np.full((48, 64, 3), 10 * index, np.uint8))
    return folder


@pytest.mark.parametrize("name", ["out.mp4", "out"], ids=["video", "folder of images"])
@fault(
    "Leftovers",
    "kill -9 while a video, or a folder of images, is written",
    shown="",
    code=-signal.SIGKILL,
    kept="the next video that is written there removes the leftovers; files of another running process stay",
)
def test_the_next_video_removes_a_killed_ones_files(
    name: str, model: Path, clip: Path, tmp_path: Path, row: Row
) -> None:
    out = tmp_path / "videos"
    out.mkdir()
    row.check(*segnet("video", model, clip, out / name, before=[partial(signal_at_frame, signal.SIGKILL, 20)]))
    assert len(hidden(out)) == 1
    with temporary_beside(out / "other.mp4") as held:
        code, errors = segnet("video", model, clip, out / name)
        assert code == 0, errors
        assert hidden(out) == [held.name]
    assert (out / name).exists()
    assert hidden(out) == []


@fault(
    "Leftovers",
    "kill -9 while masks are written by `predict`",
    shown="",
    code=-signal.SIGKILL,
    kept="the images so far; the next `predict` removes the leftovers",
)
def test_the_next_prediction_removes_a_killed_ones_files(model: Path, clip: Path, tmp_path: Path, row: Row) -> None:
    out = tmp_path / "masks"
    row.check(*segnet("predict", model, clip, "--out", out, before=[partial(die_at_disk_call, 5)]))
    assert hidden(out)
    code, errors = segnet("predict", model, clip, "--out", out)
    assert code == 0, errors
    assert hidden(out) == []


@fault(
    "Leftovers",
    "file names of the greatest length that the file system allows",
    shown="",
    code=0,
    kept="masks, overlays and videos are written; temporary names are shorter, and a mask's name is cut to leave room "
    "for `_mask.png`",
)
def test_names_of_255_bytes(model: Path, clip: Path, tmp_path: Path, row: Row) -> None:
    out = tmp_path / ("v" * 251 + ".mp4")
    row.check(*segnet("video", model, clip, out))
    assert out.stat().st_size > 0
    with atomic_file(tmp_path / ("ü" * 127)) as file:
        file.write(b"content")
    assert hidden(tmp_path) == []
    images = tmp_path / "images"
    images.mkdir()
    for name in ("m" * 250 + "1.png", "m" * 250 + "2.png", "ü" * 125 + ".png"):
        (images / name).write_bytes((clip / "00.png").read_bytes())
    words = ["--confidence", "--probabilities", "--polygons", "geojson"]
    row.check(*segnet("predict", model, images, "--out", tmp_path / "masks", *words))
    assert len(list((tmp_path / "masks").glob("*_mask.png"))) == 3
    assert len(list((tmp_path / "masks").glob("*_probabilities.npy"))) == 3


@fault(
    "Leftovers",
    "the terminal is closed (SIGHUP) during a training",
    shown="stopped in epoch 2 after step 7, which is saved in …last.pt; go on with --resume",
    code=130,
    kept="every step, as after Ctrl-C; under `nohup` the run goes on",
)
def test_a_closed_terminal(begin: Begin, row: Row) -> None:
    training = begin(checkpoint_minutes=5.0)
    row.check(*training.run(before=(without_report, partial(raise_at_step, signal.SIGHUP, 7))))
    quiet = begin("nohup")
    ignored = partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)
    code, errors = quiet.run(before=(without_report, ignored, partial(raise_at_step, signal.SIGHUP, 7)))
    assert code == 0, errors


@fault(
    "Leftovers",
    "the terminal is closed (SIGHUP) while a video is written",
    shown="stopped",
    code=130,
    kept="the frames so far, as a video that plays; no temporary file",
)
def test_a_closed_terminal_at_a_video(model: Path, clip: Path, tmp_path: Path, row: Row) -> None:
    out = tmp_path / "videos"
    out.mkdir()
    code, errors = segnet("video", model, clip, out / "out.mp4", before=[partial(signal_at_frame, signal.SIGHUP, 3)])
    row.check(code, errors)
    assert hidden(out) == []


def test_the_sweep_leaves_other_dot_files(tmp_path: Path, undisturbed: Training) -> None:
    names = [".x.12345678.part", ".x.12345678.part.mp4", ".env", ".x.part", ".x.12345678", ".x.1234567g.part", "x.part"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".d.12345678.part").mkdir()
    (tmp_path / ".d.12345678.part" / "0.png").touch()
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(names[2:])  # noqa: PTH208 - names alone
