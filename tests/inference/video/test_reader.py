"""Frames in: order, times, rotation, sizes, and files that are not whole."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from segnet.errors import UserError
from segnet.inference.video import reader
from segnet.inference.video.reader import Frame, Images, open_source
from segnet.inference.video.segment import Clip
from tests.inference.video.clips import ffmpeg, write_clip


def test_start_end_and_stride_choose_frames(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "in.mkv", frames=12)))
    clip = Clip(start=0.2, end=1.0, stride=3)
    assert [float(frame.time) for frame in clip.of(source)] == pytest.approx([0.2, 0.5, 0.8], abs=1e-6)
    assert clip.count(source) == 3


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".h264"])
def test_a_late_start_gives_the_frames_that_decoding_all_gives(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "WORTH_SEEKING", 0)
    source = open_source(str(write_clip(tmp_path / f"in{suffix}", frames=60)))
    everything = list(source.frames())
    start = everything[40].time
    # Raw H.264 has no times and cannot be sought in.
    late = list(Clip(start=float(start)).of(source))
    assert len(late) == 20
    for frame, expected in zip(late, everything[40:], strict=True):
        assert frame.time == expected.time
        assert np.array_equal(frame.image, expected.image)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_clip_comes_out_upright(degrees: int, tmp_path: Path) -> None:
    turned, upright = tmp_path / "turned.mp4", tmp_path / "upright.png"
    ffmpeg("-i", write_clip(tmp_path / "plain.mp4"), "-c", "copy", "-metadata:s:v:0", f"rotate={degrees}", turned)
    # The program turns what it decodes as the file says, unlike the library that we read with.
    ffmpeg("-i", turned, "-frames:v", "1", upright)
    expected = np.asarray(Image.open(upright).convert("RGB")).astype(int)
    assert expected.shape == ((48, 64, 3) if degrees == 180 else (64, 48, 3))
    image = next(open_source(str(turned)).frames()).image
    assert np.abs(image.astype(int) - expected).max() <= 3


def test_pixels_that_are_not_square_are_turned_with_the_image(tmp_path: Path) -> None:
    wide, turned = tmp_path / "wide.mp4", tmp_path / "turned.mp4"
    ffmpeg("-i", write_clip(tmp_path / "plain.mp4"), "-vf", "setsar=4/3", "-c:v", "libx264", wide)
    ffmpeg("-i", wide, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned)
    assert open_source(str(wide)).pixel_aspect == Fraction(4, 3)
    assert open_source(str(turned)).pixel_aspect == Fraction(3, 4)


def test_a_stream_that_changes_its_size_keeps_the_first_one(tmp_path: Path) -> None:
    small = write_clip(tmp_path / "small.h264", frames=3).read_bytes()
    large = write_clip(tmp_path / "large.h264", frames=3, size=(128, 96)).read_bytes()
    (tmp_path / "both.h264").write_bytes(small + large)
    images = [frame.image for frame in open_source(str(tmp_path / "both.h264")).frames()]
    assert [image.shape for image in images] == [(48, 64, 3)] * 6
    assert np.abs(images[4][40:, 40:].astype(int) - 20).max() <= 2


@pytest.mark.parametrize("pixels", ["gray", "yuva420p", "yuv420p10le", "rgb24"])
def test_grey_alpha_and_deep_pixels_become_rgb(pixels: str, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "bgr0" if pixels == "rgb24" else pixels
        image = np.full((24, 32, 3), 120, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    (frame,) = open_source(str(tmp_path / "in.mkv")).frames()
    assert np.abs(frame.image.astype(int) - 120).max() <= 3


@pytest.fixture(scope="module", params=[".mkv", ".mp4", ".ts"])
def whole_clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty frames with the index of an MP4 in front, so that what is there of it can be read."""
    folder = tmp_path_factory.mktemp("whole")
    clip = write_clip(folder / "plain.mkv", frames=40, gop=5)
    whole = folder / f"whole{request.param}"
    ffmpeg("-i", clip, "-c", "copy", "-movflags", "+faststart", whole)
    return whole


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_gives_what_was_whole_or_one_line(share: float, whole_clip: Path, tmp_path: Path) -> None:
    data = whole_clip.read_bytes()
    cut = tmp_path / f"cut{whole_clip.suffix}"
    cut.write_bytes(data[: int(len(data) * share)])
    frames, words = frames_or_words(cut)
    if words:
        assert str(cut) in words
        assert "\n" not in words
    else:
        assert 0 < len(frames) <= 40
        assert np.abs(frames[0].image[40, 60].astype(int)).max() <= 2


def test_half_a_frame_is_none(tmp_path: Path) -> None:
    """A transport stream has no lengths that would tell: the decoder fills up what is missing of the last image."""
    whole = tmp_path / "whole.ts"
    ffmpeg("-i", write_clip(tmp_path / "plain.mkv", frames=8, gop=1), "-c", "copy", whole)
    cut = tmp_path / "cut.ts"
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
        frames, _ = frames_or_words(cut)
        for index, frame in enumerate(frames):
            assert np.abs(frame.image[40, 60].astype(int) - 20 * index).max() <= 2


def frames_or_words(path: Path) -> tuple[list[Frame], str]:
    try:
        return list(open_source(str(path)).frames()), ""
    except UserError as error:
        return [], str(error)


def test_a_broken_frame_is_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "in.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuvj420p"
        for index in range(5):
            image = np.full((24, 32, 3), 40 * index, np.uint8)
            packets = stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24"))
            container.mux(packets)
        container.mux(stream.encode(None))
    data = clip.read_bytes()
    third, fourth = [position for position in range(len(data)) if data.startswith(b"\xff\xd8\xff", position)][2:4]
    # Without what the container says of the frame after it.
    end = fourth - 40
    clip.write_bytes(data[:third] + bytes(end - third) + data[end:])
    values = [round(int(frame.image[0, 0, 0]), -1) for frame in open_source(str(clip)).frames()]
    assert values == [0, 40, 120, 160]
    assert capsys.readouterr().err == f"{clip}: 1 broken frame left out\n"


def test_images_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for index in (1, 2, 10):
        Image.new("L", (8, 8), index).save(tmp_path / f"frame{index}.png")
    source = open_source(str(tmp_path), Fraction(25))
    assert [int(frame.image[0, 0, 0]) for frame in source.frames()] == [1, 2, 10]
    assert [frame.time for frame in source.frames()] == [0, Fraction(1, 25), Fraction(2, 25)]


def test_images_before_the_start_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"broken")
    Image.new("L", (8, 8)).save(tmp_path / "2.png")
    source = Images([tmp_path / "1.png", tmp_path / "2.png"], "both")
    assert [float(frame.time) for frame in source.frames(Fraction(1, 10))] == [0.1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [((-1,), "--start -1"), ((2, 1), "--end 1"), ((0, None, 0), "--stride 0"), ((float("nan"),), "--start nan")],
)
def test_a_clip_without_frames_is_named(arguments: tuple[float, ...], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Clip(*arguments)  # type: ignore[arg-type]
