"""``segnet video`` from end to end: a file in, a file out, and one line for every mistake."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from segnet.cli import main
from segnet.inference.video.reader import open_source
from tests.inference.video.clips import add_sound, frame_times, sound, write_clip


def test_an_overlay_has_the_sources_frames_times_and_a_legend_below(model_folder: Path, tmp_path: Path) -> None:
    clip, out = write_clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    arguments = [str(model_folder), str(clip), str(out), "--json", str(tmp_path / "shares.json"), "--batch", "4"]
    assert main(["video", *arguments]) == 0
    assert frame_times(out) == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.width == 64
        assert stream.height > 48
    rows = json.loads((tmp_path / "shares.json").read_text())
    assert [row["time"] for row in rows] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert sum(rows[0]["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert not list(tmp_path.glob(".*"))


def test_variable_times_are_kept(model_folder: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mkv", times=[0, 10, 15, 50, 55, 90])
    assert main(["video", str(model_folder), str(clip), str(tmp_path / "out.mp4")]) == 0
    assert frame_times(tmp_path / "out.mp4") == [0, 0.1, 0.15, 0.5, 0.55, 0.9]


def test_a_part_has_the_sound_of_that_part(model_folder: Path, tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "silent.mp4", frames=20)
    clip = add_sound(silent, tmp_path / "in.mp4", "aac", seconds=2, begin=0)
    arguments = [str(model_folder), str(clip), str(tmp_path / "out.mp4"), "--start", "0.5", "--end", "1.5"]
    assert main(["video", *arguments, "--stride", "2"]) == 0
    assert frame_times(tmp_path / "out.mp4") == [0, 0.2, 0.4, 0.6, 0.8]
    name, begin, end = sound(tmp_path / "out.mp4")
    assert name == "aac"
    assert begin == pytest.approx(0, abs=0.03)
    assert end == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("suffix", ["", ".mkv"])
def test_masks_without_loss_are_the_numbers_of_predict(suffix: str, model_folder: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    rng = np.random.default_rng(0)
    for index in range(3):
        Image.fromarray(rng.integers(0, 256, (48, 63, 3), np.uint8)).save(frames / f"{index}.png")
    out = tmp_path / f"masks{suffix}"
    arguments = [str(model_folder), str(frames), str(out), "--layout", "mask", "--precision", "fp32", "--fps", "25"]
    assert main(["video", *arguments]) == 0
    assert main(["predict", str(model_folder), str(frames), "--out", str(tmp_path / "p"), "--precision", "fp32"]) == 0
    expected = [np.asarray(Image.open(tmp_path / "p" / f"{index}_mask.png")) for index in range(3)]
    if suffix:
        with av.open(str(out)) as container:
            found = [frame.to_ndarray() for frame in container.decode(video=0)]
        assert frame_times(out) == [0, 0.04, 0.08]
    else:
        found = [np.asarray(Image.open(file)) for file in sorted(out.iterdir())]
    assert np.array_equal(found, expected)


def test_smoothing_prints_flicker_before_and_after(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "in.mp4")
    arguments = [str(model_folder), str(clip), str(tmp_path / "out.mp4"), "--smooth", "0.7", "--flicker"]
    assert main(["video", *arguments]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("flicker: ")
    assert line.endswith("% after smoothing")


def test_uncertainty_of_a_bayesian_network_stands_beside_the_classes(bayesian_folder: Path, tmp_path: Path) -> None:
    clip, shares = write_clip(tmp_path / "in.mp4", frames=2), tmp_path / "shares.json"
    arguments = [str(bayesian_folder), str(clip), str(tmp_path / "out.mp4"), "--layout", "uncertainty"]
    assert main(["video", *arguments, "--samples", "2", "--show-rate", "--json", str(shares)]) == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].width == 128
    assert all(row["uncertainty"] > 0 for row in json.loads(shares.read_text()))


def test_a_truncated_clip_gives_what_was_whole(model_folder: Path, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mkv", frames=40, size=(128, 96)).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    assert main(["video", str(model_folder), str(tmp_path / "cut.mkv"), str(tmp_path / "out.mp4")]) == 0
    assert 0 < len(frame_times(tmp_path / "out.mp4")) < 40


def test_images_make_a_video_and_one_of_another_size_is_named(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for index, mode in enumerate(["RGB", "L", "RGBA"]):
        Image.new(mode, (64, 48), 90 if mode == "L" else (10, 200, 30, 40)[: len(mode)]).save(frames / f"{index}.png")
    assert main(["video", str(model_folder), str(frames / "*.png"), str(tmp_path / "out.mp4")]) == 0
    assert len(frame_times(tmp_path / "out.mp4")) == 3
    Image.new("RGB", (32, 48)).save(frames / "9.png")
    shares = tmp_path / "shares.json"
    assert main(["video", str(model_folder), str(frames), str(tmp_path / "out2.mp4"), "--json", str(shares)]) == 1
    assert "9.png: 32×48 pixels, but 0.png has 64×48" in capsys.readouterr().err
    assert len(frame_times(tmp_path / "out2.mp4")) == 3  # what was done plays
    assert len(json.loads(shares.read_text())) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.mp4", "out.mp4"], "nowhere.mp4: no such video"),
        (["broken.mp4", "out.mp4"], "broken.mp4: cannot be read as a video"),
        (["empty.mp4", "out.mp4"], "empty.mp4: cannot be read as a video"),
        (["headless.h264", "out.mp4"], "headless.h264: "),
        (["in.mp4", "out.gif"], "no format for '.gif'; choose one of .mp4"),
        (["in.mp4", "in.mp4"], "in.mp4: is the input itself"),
        (["in.mp4", "full"], "full: is there already"),
        (["in.mp4"], "OUTPUT is missing"),
        (["in.mp4", "out.mp4", "--classes", "Car,Dragon"], "no class 'Dragon'; the model knows Sky"),
        (["in.mp4", "out.mp4", "--start", "99"], "no frame between 99 and the end"),
        (["in.mp4", "out.mp4", "--stride", "0"], "--stride 0"),
        (["in.mp4", "out.mp4", "--opacity", "2"], "--opacity 2:"),
        (["in.mp4", "out.mp4", "--batch", "0"], "--batch 0"),
        (["in.mp4", "out.mp4", "--mjpeg", "8080"], "--mjpeg is for a camera"),
        (["udp://256.0.0.1:1", "out.mp4", "--mjpeg", "0"], "udp://256.0.0.1:1: cannot be opened"),
    ],
)
def test_mistakes_are_named_in_a_line(
    arguments: list[str],
    sentence: str,
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(Path("in.mp4"))
    Path("broken.mp4").write_bytes(b"not a video")
    Path("empty.mp4").write_bytes(b"")
    # The parameters of the images, but none of them.
    Path("headless.h264").write_bytes(write_clip(Path("raw.h264"), frames=1).read_bytes()[:40])
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    before = sorted(tmp_path.iterdir())
    assert main(["video", str(model_folder), *arguments]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert sentence in lines[0]
    assert sorted(tmp_path.iterdir()) == before


def test_a_camera_that_is_not_there_is_one_line(
    model_folder: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["video", str(model_folder), "97", str(tmp_path / "out.mp4"), "--mjpeg", "0"]) == 1
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "camera 97: cannot be opened" in lines[0]


def test_ctrl_c_closes_the_file_so_that_it_plays(model_folder: Path, tmp_path: Path) -> None:
    clip, out = write_clip(tmp_path / "in.mkv", frames=1000), tmp_path / "out.mp4"
    code = "import sys; from segnet.cli import main; sys.exit(main())"
    arguments = ["video", str(model_folder), str(clip), str(out), "--json", str(tmp_path / "shares.json")]
    # A child that is started in the background of a shell would ignore Ctrl-C; this one does not.
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        while process.poll() is None and not any(part.stat().st_size > 0 for part in tmp_path.glob(".out.*")):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    frames = len(list(open_source(str(out)).frames()))
    assert error == f"segnet video: stopped after {frames} frames, which are in {out}\n"
    assert 0 < frames < 1000
    assert len(json.loads((tmp_path / "shares.json").read_text())) == frames
    assert not list(tmp_path.glob(".*"))


def test_the_drive_of_the_clip(model_folder: Path, tmp_path: Path) -> None:
    clip = os.environ.get("SEGNET_TEST_VIDEO")
    if not clip:
        pytest.skip("SEGNET_TEST_VIDEO is not set: no drive clip on this machine")
    out = tmp_path / "out.mp4"
    arguments = [str(model_folder), clip, str(out), "--start", "6", "--end", "6.4", "--stride", "2", "--size", "90x160"]
    assert main(["video", *arguments, "--smooth", "0.7", "--no-legend"]) == 0
    assert frame_times(out) == pytest.approx([0, 0.08, 0.16, 0.24, 0.32], abs=0.001)
    with av.open(str(out)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (960, 540)


def test_an_output_in_the_place_of_the_input_is_recognised(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, before = write_clip(tmp_path / "in.mp4"), (tmp_path / "in.mp4").read_bytes()
    assert main(["video", str(model_folder), str(tmp_path / "out.mp4"), str(clip)]) == 1
    assert "in.mp4 is there; the input is named before the output" in capsys.readouterr().err
    assert clip.read_bytes() == before
