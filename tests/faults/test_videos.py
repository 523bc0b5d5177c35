"""Videos that are cut, a disk that fills up, a camera that is not there, Ctrl-C: what was written plays."""

import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.errors import UserError
from segnet.inference.video.reader import open_source
from tests.faults.programs import limit_file_size, segnet, signal_at_frame
from tests.faults.rows import Row, fault, times
from tests.inference.video.clips import frame_times, write_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Forty frames that can be read as far as they go."""
    return write_clip(tmp_path / "in.mkv", frames=40, gop=5)


@fault(
    "Video",
    "a clip cut short at random places",
    shown="cut.mkv…",
    kept="the frames before the cut are read, or none is and the line says so",
)
def test_cut_clips(clip: Path, tmp_path: Path, row: Row, counted: Callable[[str], None]) -> None:
    wanted, chance = times(10, 100), random.Random(0)
    whole, cut = clip.read_bytes(), tmp_path / "cut.mkv"
    lines, lengths = [], []
    for _ in range(wanted):
        cut.write_bytes(whole[: chance.randrange(len(whole))])
        try:
            frames = list(open_source(str(cut)).frames())
        except UserError as error:
            lines.append(str(error))
        else:
            lengths.append(len(frames))
    assert all(0 < length <= 40 for length in lengths)
    for line in lines:
        row.check_line(line)
    counted(f"{wanted} cuts: {len(lengths)} gave their whole frames, {len(lines)} a line")


@fault(
    "Video",
    "a clip cut short, given to `segnet video`",
    shown="",
    code=0,
    kept="a video of the frames before the cut, which plays",
)
def test_a_command_meets_a_cut_clip(clip: Path, tmp_path: Path, model: Path, row: Row) -> None:
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    row.check(*segnet("video", model, clip, tmp_path / "out.mp4"))
    assert 0 < len(frame_times(tmp_path / "out.mp4")) < 40


@fault(
    "Video",
    "the disk full while a video is written",
    shown="out.mkv: cannot be written at frame … (File too large); what was before it is kept",
    kept="the frames before play",
)
def test_no_room_for_a_video(tmp_path: Path, model: Path, row: Row) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (100, 48, 64, 3), np.uint8)
    (tmp_path / "frames").mkdir()
    for index, pixels in enumerate(noise):
        Image.fromarray(pixels).save(tmp_path / "frames" / f"{index:03d}.png")
    out = tmp_path / "out.mkv"
    row.check(*segnet("video", model, tmp_path / "frames", out, before=(partial(limit_file_size, 60_000),)))
    assert 0 < len(frame_times(out)) < 100


@fault("Video", "Ctrl-C while a video is written", shown="stopped", code=130, kept="what was written plays")
def test_ctrl_c(clip: Path, tmp_path: Path, model: Path, row: Row) -> None:
    out = tmp_path / "out.mp4"
    row.check(*segnet("video", model, clip, out, before=(partial(signal_at_frame, signal.SIGINT, 12),)))
    assert 0 < len(frame_times(out)) < 40
    assert not list(tmp_path.glob(".*"))


@fault(
    "Video",
    "a camera that is not there",
    shown="camera 97: cannot be opened…",
    kept="nothing is begun",
)
def test_no_camera(tmp_path: Path, model: Path, row: Row) -> None:
    row.check(*segnet("video", model, "97", tmp_path / "out.mp4"))
    assert not list(tmp_path.glob("*out*"))
