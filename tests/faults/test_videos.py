"""Videos that are cut, a disk that fills up, a camera that is not there, Ctrl-C: what was written plays."""

import random
import signal
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorTrc
from PIL import Image

from segnet.errors import UserError
from segnet.inference.video.reader import VideoFile, open_source
from segnet.inference.video.rgb import ToRgb
from tests.faults.programs import limit_file_size, segnet, signal_at_frame
from tests.faults.rows import Row, fault, times
from tests.faults.surroundings import give
from tests.faults.test_data import encoded, mutated
from tests.inference.video.clips import frame_times, write_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Forty frames that can be read as far as they go."""
    return write_clip(tmp_path / "in.mkv", frames=40, gop=5)


@fault(
    "Video",
    "a clip that was cut at random places",
    shown="cut.mkv…",
    kept="the frames before the cut are read, or the line says that there are none",
)
def test_cut_clips_give_their_whole_frames_or_a_line(
    clip: Path, tmp_path: Path, row: Row, counted: Callable[[str], None]
) -> None:
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
    "a cut clip, given to `segnet video`",
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
    "a full disk while a video is written",
    shown="out.mkv: cannot be written at frame … (File too large); the frames before it are kept",
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


@fault("Video", "Ctrl-C while a video is written", shown="stopped", code=130, kept="the written part plays")
def test_ctrl_c_leaves_a_video_that_plays(clip: Path, tmp_path: Path, model: Path, row: Row) -> None:
    out = tmp_path / "out.mp4"
    row.check(*segnet("video", model, clip, out, before=(partial(signal_at_frame, signal.SIGINT, 12),)))
    assert 0 < len(frame_times(out)) < 40
    assert not list(tmp_path.glob(".*"))


@fault(
    "Video",
    "a camera that does not exist",
    shown="camera 97: cannot be opened…",
    kept="nothing is written",
)
def test_a_missing_camera_is_named(tmp_path: Path, model: Path, row: Row) -> None:
    row.check(*segnet("video", model, "97", tmp_path / "out.mp4"))
    assert not list(tmp_path.glob("*out*"))


def refused(path: Path, max_pixels: int = 10_000) -> str:
    with pytest.raises(UserError) as error:
        list(VideoFile(path, max_pixels).frames())
    return str(error.value)


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile in.mkv\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nin.mkv\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 26\n",
    ],
    ids=["concat", "HLS", "SDP"],
)
@fault(
    "Video",
    "a playlist or a session description with the name `clip.mp4`, which would open other files, hosts or ports",
    shown="clip.mp4: …; give …",
    kept="nothing in it is opened",
)
def test_playlists_open_no_other_files(playlist: str, clip: Path, row: Row) -> None:
    path = clip.with_name("clip.mp4")
    path.write_text(playlist)
    row.check_line(refused(path))


@fault(
    "Video",
    "a video with an unknown codec",
    shown="its video is of a codec that this FFmpeg does not know; convert it, to H.264 for example",
    kept="nothing is written",
)
def test_an_unknown_codec_is_named(clip: Path, tmp_path: Path, model: Path, row: Row) -> None:
    clip.write_bytes(clip.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MYOWN/ISO/XYZ"))
    row.check(*segnet("video", model, clip, tmp_path / "out.mp4"))
    assert not (tmp_path / "out.mp4").exists()


@fault(
    "Video",
    "a video whose header claims frames that are too large",
    shown="its frames have 128×96 pixels, at most 0.01 million are read; make them smaller",
    kept="nothing is decoded",
)
def test_a_video_with_huge_frames_is_refused(tmp_path: Path, row: Row) -> None:
    row.check_line(refused(write_clip(tmp_path / "in.mkv", size=(128, 96))))


@fault(
    "Video",
    "a video whose frames grow from 64×48 beyond the limit, without a word in its header",
    shown="grows.mkv: … broken frames left out",
    code=0,
    kept="the frames before; the decoder refuses the others before they take memory",
)
def test_frames_beyond_the_limit_are_left_out(tmp_path: Path, row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "grows.mkv"
    write_motion_jpeg(path, [(64, 48)] * 3 + [(640, 480)] * 2)
    frames = list(VideoFile(path, 10_000).frames())
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 3
    row.check_line(capsys.readouterr().err.splitlines()[-1])
    # Within the limit they are brought to the first one's size.
    assert [frame.image.shape for frame in VideoFile(path).frames()] == [(48, 64, 3)] * 5


def write_motion_jpeg(path: Path, sizes: list[tuple[int, int]]) -> None:
    """A video of which each frame is a JPEG file of its own size (W, H); its header knows the first one's."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        assert isinstance(stream, av.VideoStream)
        (stream.width, stream.height), stream.pix_fmt = sizes[0], "yuvj420p"
        for index, (width, height) in enumerate(sizes):
            packet = av.Packet(encoded(Image.new("RGB", (width, height)), "jpeg"))
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 10)
            container.mux(packet)


@fault(
    "Video",
    "time stamps that jump to 2^50 and back",
    shown="",
    code=0,
    kept="such a frame comes one step after the frame before; the video keeps its length",
)
def test_damaged_times_keep_the_length_of_the_video(tmp_path: Path, row: Row, model: Path) -> None:
    clip = write_clip(tmp_path / "in.mkv", frames=6, times=[0, 10, 20, 2**50, 2**50 + 10, 2**50 + 20])
    times = [float(frame.time) for frame in VideoFile(clip).frames()]
    assert times == sorted(times)
    assert times[-1] < 1
    row.check(*segnet("video", model, clip, tmp_path / "out.mp4"))
    assert frame_times(tmp_path / "out.mp4")[-1] < 1


@fault(
    "Video",
    "MP4, MKV and AVI files with random changes of bits, bytes and ranges",
    shown="…",
    kept="frames of one size in order, or a line: no traceback, no crash",
)
def test_mutated_clips_are_refused_or_read(tmp_path: Path, row: Row, counted: Callable[[str], None]) -> None:
    wanted, chance = times(30, 3000), random.Random(0)
    clips = [write_clip(tmp_path / f"in.{kind}", frames=6, gop=3) for kind in ("mp4", "mkv", "avi")]
    contents = [clip.read_bytes() for clip in clips]
    lengths, lines = [], []
    for index in range(wanted):
        path = tmp_path / f"mutated{clips[index % 3].suffix}"
        path.write_bytes(mutated(contents[index % 3], chance))
        try:
            frames = list(VideoFile(path, 100_000).frames())
        except UserError as error:
            lines.append(str(error))
        else:
            lengths.append(len(frames))
            assert len({frame.image.shape for frame in frames}) == 1
    for line in lines:
        row.check_line(line)
    assert lengths
    counted(f"{wanted:,} mutated clips: {len(lengths):,} gave frames, {len(lines):,} a line")


@pytest.mark.parametrize("content", ["nothing", "text", "an image", "a clip that was cut before its first frame"])
@fault(
    "Video",
    "standard input that is empty, no video, or cut before its first frame, given to `segnet video MODEL -`",
    shown="standard input: …; …",
    kept="nothing is written, and the temporary copy is removed",
)
def test_standard_input_that_is_no_video(content: str, model: Path, clip: Path, tmp_path: Path, row: Row) -> None:
    given = {
        "nothing": b"",
        "text": b"no video" * 99,
        "an image": encoded(Image.fromarray(np.zeros((8, 8, 3), np.uint8)), "bmp")[:40],
    }.get(content, clip.read_bytes()[:200])
    out = tmp_path / "out"
    out.mkdir()
    row.check(*segnet("video", model, "-", out / "out.mp4", before=[partial(give, given)]))
    assert not list(out.iterdir())


@fault(
    "Video",
    "a clip from a pipe that ends in the middle",
    shown="",
    code=0,
    kept="a video of the frames before, which plays; the temporary copy is removed",
)
def test_a_pipe_that_ends_in_the_middle(model: Path, clip: Path, tmp_path: Path, row: Row) -> None:
    whole = clip.read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    given = partial(give, whole[: len(whole) // 2])
    row.check(*segnet("video", model, "-", out / "out.mp4", before=[given]))
    assert 5 <= len(frame_times(out / "out.mp4")) < 40
    assert [path.name for path in out.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("space", [10, 14], ids=["constant luminance", "ICtCp"])
@fault(
    "Video",
    "HDR in a colour space that FFmpeg does not convert: BT.2020 with constant luminance, or ICtCp",
    shown="clip.mkv: frames of type yuv420p10le cannot be made RGB (…); convert it",
    kept="no wrong colours are guessed",
)
def test_hdr_that_cannot_be_converted(space: int, row: Row) -> None:
    frame = av.VideoFrame(64, 48, "yuv420p10le")
    frame.color_trc, frame.colorspace = ColorTrc.SMPTE2084, space
    with pytest.raises(UserError) as error:
        ToRgb("clip.mkv")(frame)
    row.check_line(str(error.value))
