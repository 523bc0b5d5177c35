"""Videos in, videos out: times, sizes, rotation, sound, and whole files whatever happens."""

import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from segnet.cli import main
from segnet.errors import UserError
from segnet.inference.video.pipeline import Behind, ahead
from segnet.inference.video.reader import open_source
from segnet.inference.video.segment import Clip
from segnet.inference.video.writer import VideoWriter
from segnet.nn.saved import SavedModel, save_model


@pytest.fixture(scope="module")
def model_folder(model: SavedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, model)
    return folder


def write_clip(path: Path, frames: int = 6, size: tuple[int, int] = (64, 48), times: list[int] | None = None) -> Path:
    """A clip of ``size`` (W, H) whose frame n is grey of value 20 n; ``times`` in hundredths of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "0"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv444p"
        stream.codec_context.time_base = Fraction(1, 100)
        for number in range(frames):
            image = np.full((size[1], size[0], 3), 20 * number % 256, np.uint8)
            image[: size[1] // 2, : size[0] // 2, 0] = 255
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = (times[number] if times else 10 * number), Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def ffmpeg(*arguments: str | Path) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("the ffmpeg program is not installed: it makes this test's clip")
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [round(float(frame.time or 0), 2) for frame in container.decode(video=0)]


def test_an_overlay_has_the_sources_frames_times_and_a_legend_below(model_folder: Path, tmp_path: Path) -> None:
    clip, out = write_clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    assert main(["video", str(model_folder), str(clip), str(out), "--json", str(tmp_path / "shares.json")]) == 0
    assert frame_times(out) == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.width == 64
        assert stream.height > 48
    rows = read_yaml_list(tmp_path / "shares.json")
    assert [row["time"] for row in rows] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert sum(float(value) for key, value in rows[0].items() if key != "time") == pytest.approx(1, abs=1e-3)
    assert not list(tmp_path.glob(".*"))


def read_yaml_list(path: Path) -> list[dict[str, float]]:
    import json

    rows: list[dict[str, float]] = json.loads(path.read_text())
    return rows


def test_variable_times_are_kept(model_folder: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mkv", times=[0, 10, 15, 50, 55, 90])
    assert main(["video", str(model_folder), str(clip), str(tmp_path / "out.mp4")]) == 0
    assert frame_times(tmp_path / "out.mp4") == [0, 0.1, 0.15, 0.5, 0.55, 0.9]


def test_start_end_and_stride_choose_frames(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "in.mkv", frames=12)))
    clip = Clip(start=0.2, end=1.0, stride=3)
    assert [float(frame.time) for frame in clip.of(source)] == pytest.approx([0.2, 0.5, 0.8], abs=1e-6)


def test_a_rotated_clip_comes_out_upright(model_folder: Path, tmp_path: Path) -> None:
    turned, upright = tmp_path / "turned.mp4", tmp_path / "upright.png"
    ffmpeg("-i", write_clip(tmp_path / "plain.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    # The program turns what it decodes as the file says, unlike the library that we read with.
    ffmpeg("-i", turned, "-frames:v", "1", upright)
    expected = np.asarray(Image.open(upright).convert("RGB")).astype(int)
    assert expected.shape == (64, 48, 3)
    image = next(iter(open_source(str(turned)))).image
    assert np.abs(image.astype(int) - expected).max() <= 3


def test_sound_goes_along(model_folder: Path, tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "silent.mp4")
    ffmpeg("-i", silent, "-f", "lavfi", "-i", "sine=duration=0.6", "-c:v", "copy", "-c:a", "aac", tmp_path / "in.mp4")
    assert main(["video", str(model_folder), str(tmp_path / "in.mp4"), str(tmp_path / "out.mp4")]) == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        seconds = float(sum(frame.samples for frame in container.decode(audio=0)) / container.streams.audio[0].rate)
    assert seconds == pytest.approx(0.6, abs=0.15)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_odd_sizes_and_one_frame_are_written(suffix: str, model_folder: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mkv", frames=1, size=(63, 47))
    assert main(["video", str(model_folder), str(clip), str(tmp_path / f"out{suffix}"), "--layout", "side"]) == 0
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 1
    assert frames[0].width == 126


def test_a_truncated_clip_gives_what_was_whole(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = write_clip(tmp_path / "whole.mkv", frames=40, size=(128, 96)).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    assert main(["video", str(model_folder), str(tmp_path / "cut.mkv"), str(tmp_path / "out.mp4")]) == 0
    assert 0 < len(frame_times(tmp_path / "out.mp4")) < 40


def test_pictures_make_a_video_and_one_of_another_size_is_named(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for number, mode in enumerate(["RGB", "L", "RGBA"]):
        Image.new(mode, (64, 48), 90 if mode == "L" else (10, 200, 30, 40)[: len(mode)]).save(frames / f"{number}.png")
    assert main(["video", str(model_folder), str(frames / "*.png"), str(tmp_path / "out.mp4")]) == 0
    assert len(frame_times(tmp_path / "out.mp4")) == 3
    Image.new("RGB", (32, 48)).save(frames / "9.png")
    assert main(["video", str(model_folder), str(frames), str(tmp_path / "out2.mp4")]) == 1
    assert "9.png: 32×48 pixels, but 0.png has 64×48" in capsys.readouterr().err
    assert len(frame_times(tmp_path / "out2.mp4")) == 3  # what was done plays


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.mp4", "out.mp4"], "nowhere.mp4: no such video"),
        (["broken.mp4", "out.mp4"], "broken.mp4: cannot be read as a video"),
        (["in.mp4", "out.gif"], "no format for '.gif'; choose one of .mp4"),
        (["in.mp4", "out.mp4", "--classes", "Car,Dragon"], "no class 'Dragon'; the model knows Sky"),
        (["in.mp4", "out.mp4", "--start", "99"], "no frame between 99.0 and None"),
        (["in.mp4", "out.mp4", "--stride", "0"], "--stride 0"),
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
    write_clip(tmp_path / "in.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"not a video")
    assert main(["video", str(model_folder), *arguments]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.mp4").exists()


def test_an_interrupted_writer_leaves_a_video_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"

    def write_until_interrupted() -> None:
        with VideoWriter(path, Fraction(10)) as writer:
            for number in range(5):
                writer.write(np.zeros((48, 64, 3), np.uint8), Fraction(number, 10))
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        write_until_interrupted()
    assert len(frame_times(path)) == 5


def test_items_come_in_order_and_errors_come_through() -> None:
    def items() -> Iterator[int]:
        yield from range(20)
        raise UserError("the camera is gone")

    seen: list[int] = []
    with pytest.raises(UserError, match="the camera is gone"):
        seen.extend(ahead(items()))
    assert seen == list(range(20))


def test_stopping_early_ends_the_reading_thread() -> None:
    before = threading.active_count()
    endless = iter(int, 1)
    for _ in ahead(endless):
        break
    assert threading.active_count() == before


def test_work_behind_is_done_in_order_and_its_error_comes_back() -> None:
    done: list[int] = []
    with Behind(done.append) as keep:
        for number in range(20):
            keep(number)
    assert done == list(range(20))

    def fail(number: int) -> None:
        raise UserError(f"no room for frame {number}")

    with pytest.raises(UserError, match="no room for frame 0"), Behind(fail) as keep:
        keep(0)
