"""Files out: formats, times, colours, sound, and that they play whatever happened."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from segnet.errors import UserError
from segnet.inference.video.faststart import boxes
from segnet.inference.video.images import ImageWriter
from segnet.inference.video.reader import open_source
from segnet.inference.video.writer import VideoWriter
from tests.inference.video.clips import add_sound, frame_times, sound, write_clip

RATE = Fraction(10)


def write_frames(writer: VideoWriter | ImageWriter, images: list[NDArray[np.uint8]]) -> None:
    with writer:
        for index, image in enumerate(images):
            writer.write(image, Fraction(index, 10))


def noise(frames: int, size: tuple[int, int] = (96, 128)) -> list[NDArray[np.uint8]]:
    """Images that no codec makes small."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for _ in range(frames)]


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "h264"), (".mov", "h264"), (".mkv", "h264"), (".webm", "vp9")])
def test_formats_that_browsers_and_phones_play(suffix: str, codec: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    write_frames(VideoWriter(path, RATE), [np.full((48, 64, 3), 60, np.uint8)] * 5)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == (codec, "yuv420p")
        assert stream.average_rate == RATE
    assert frame_times(path) == [0, 0.1, 0.2, 0.3, 0.4]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_index_of_an_mp4_stands_in_front(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    write_frames(VideoWriter(path, RATE), noise(30))
    with path.open("rb") as file:
        kinds = [kind for kind, _ in boxes(file)]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert b"moof" not in kinds


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_colours_come_back(suffix: str, tmp_path: Path) -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, :32], image[:, 32:64], image[:, 64:] = (200, 40, 40), (40, 160, 60), (30, 60, 200)
    write_frames(VideoWriter(tmp_path / f"out{suffix}", RATE), [image] * 3)
    found = next(open_source(str(tmp_path / f"out{suffix}")).frames()).image
    inside = np.abs(found.astype(int) - image)[:, [10, 16, 22, 42, 48, 54, 74, 80, 86]]
    assert inside.max() <= 8


def test_an_odd_size_repeats_its_last_row_and_column(tmp_path: Path) -> None:
    write_frames(VideoWriter(tmp_path / "out.mp4", RATE), [np.full((47, 63, 3), 200, np.uint8)])
    (frame,) = open_source(str(tmp_path / "out.mp4")).frames()
    assert frame.image.shape == (48, 64, 3)
    assert np.abs(frame.image.astype(int) - 200).max() <= 3


def test_pixels_that_are_not_square_stay_so(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "out.mp4", RATE, pixel_aspect=Fraction(4, 3))
    write_frames(writer, [np.zeros((48, 64, 3), np.uint8)] * 2)
    assert open_source(str(tmp_path / "out.mp4")).pixel_aspect == Fraction(4, 3)


def test_equal_and_falling_times_are_set_right(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", RATE) as writer:
        for seconds in (0.0, 1.0, 1.0, 0.5, 2.0):
            writer.write(np.zeros((48, 64, 3), np.uint8), Fraction(seconds))
    assert frame_times(tmp_path / "out.mp4") == [0, 1, 1, 1, 2]


def test_class_indices_are_kept_one_by_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    masks = [rng.integers(0, 12, (47, 63), np.uint8) for _ in range(3)]
    write_frames(VideoWriter(tmp_path / "out.mkv", RATE, lossless=True), masks)
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.streams.video[0].codec_context.name == "ffv1"
        found = [frame.to_ndarray() for frame in container.decode(video=0)]
    assert np.array_equal(found, masks)


@pytest.mark.parametrize(
    ("sound_in", "suffix", "codec"),
    [("aac", ".mp4", "aac"), ("flac", ".mp4", "aac"), ("aac", ".webm", "opus"), ("pcm_s16le", ".mkv", "pcm_s16le")],
)
def test_sound_goes_along_copied_or_encoded_again(sound_in: str, suffix: str, codec: str, tmp_path: Path) -> None:
    clip = add_sound(write_clip(tmp_path / "silent.mkv"), tmp_path / "in.mkv", sound_in)
    out = tmp_path / f"out{suffix}"
    write_frames(VideoWriter(out, RATE, audio_from=clip), [np.zeros((48, 64, 3), np.uint8)] * 6)
    name, begin, end = sound(out)
    assert name == codec
    assert begin == pytest.approx(0, abs=0.03)
    assert end == pytest.approx(0.6, abs=0.06)


def test_sound_that_begins_late_stays_late(tmp_path: Path) -> None:
    clip = add_sound(write_clip(tmp_path / "silent.mkv", frames=20), tmp_path / "in.mp4", "aac", 1.0, begin=1.0)
    for start, begin in ((0.0, 1.0), (0.5, 0.5)):
        writer = VideoWriter(tmp_path / "out.mp4", RATE, audio_from=clip, audio_start=Fraction(start))
        write_frames(writer, [np.zeros((48, 64, 3), np.uint8)] * 12)
        assert sound(tmp_path / "out.mp4")[1] == pytest.approx(begin, abs=0.04)


def test_a_missing_codec_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"libvpx-vp9"})
    with pytest.raises(UserError, match=r"out\.mp4: this FFmpeg has no libx264; choose another of \.mp4"):
        VideoWriter(tmp_path / "out.mp4", RATE)


def test_an_interrupted_writer_leaves_a_video_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"

    def write_until_interrupted() -> None:
        with VideoWriter(path, RATE) as writer:
            for index in range(5):
                writer.write(np.zeros((48, 64, 3), np.uint8), Fraction(index, 10))
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        write_until_interrupted()
    assert len(frame_times(path)) == 5


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Like a full disk: writing beyond ``size`` bytes of any file fails."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_frames_written_before_the_disk_was_full_play(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    with (
        files_no_larger_than(150_000),
        pytest.raises(UserError, match=rf"out\{suffix}: cannot be written at frame \d+ \(File too large\)"),
    ):
        write_frames(VideoWriter(path, RATE), noise(60))
    frames = list(open_source(str(path)).frames())
    assert 2 < len(frames) < 60
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_no_room_for_anything_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with files_no_larger_than(100), pytest.raises(UserError, match=r"out\.mp4: "):
        write_frames(VideoWriter(path, RATE), noise(4))
    assert list(tmp_path.iterdir()) == []


def test_an_mp4_without_room_for_a_second_copy_plays_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(pieces: Path, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("segnet.inference.video.writer.write_whole", no_room)
    write_frames(VideoWriter(tmp_path / "out.mp4", RATE), noise(12))
    assert len(frame_times(tmp_path / "out.mp4")) == 12
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


def test_images_get_their_folder_when_all_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "masks"
    with ImageWriter(folder) as writer:
        writer.write(np.full((4, 6), 7, np.uint8), Fraction(0))
        assert not folder.exists()
    assert [entry.name for entry in folder.iterdir()] == ["000000.png"]
    with pytest.raises(UserError, match="masks: is there already"):
        ImageWriter(folder)


def test_images_before_the_disk_was_full_are_kept(tmp_path: Path) -> None:
    images = [np.zeros((48, 64, 3), np.uint8), *noise(1)]
    with files_no_larger_than(4_000), pytest.raises(UserError, match="no room for image 1"):
        write_frames(ImageWriter(tmp_path / "out"), images)
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["000000.png"]
    with files_no_larger_than(100), pytest.raises(UserError, match="no room for image 0"):
        write_frames(ImageWriter(tmp_path / "none"), images[1:])
    assert not (tmp_path / "none").exists()
