"""GIF and odd sizes: what people have lying about, in and out."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from segnet.cli import main
from segnet.inference.video.reader import open_source
from tests.inference.video.clips import frame_times, write_clip
from tests.inference.video.test_browser import page, play  # noqa: F401 - the fixture


def write_gif(path: Path, colors: list[tuple[int, int, int]], milliseconds: list[int]) -> Path:
    first, *others = [Image.new("RGB", (33, 21), color) for color in colors]
    first.save(path, save_all=True, append_images=others, duration=milliseconds, loop=0, disposal=2)
    return path


def test_a_gif_gives_each_frame_once_in_its_palettes_colours_and_times(tmp_path: Path) -> None:
    colors = [(255, 0, 0), (0, 128, 0), (10, 20, 200)]
    source = open_source(str(write_gif(tmp_path / "in.gif", colors, [100, 500, 200])))
    frames = list(source.frames())
    assert [round(float(frame.time), 2) for frame in frames] == [0, 0.1, 0.6]
    assert [tuple(frame.image[10, 10].tolist()) for frame in frames] == colors
    assert frames[0].image.shape == (21, 33, 3)


def test_transparent_parts_of_a_gif_are_white_in_every_frame(tmp_path: Path) -> None:
    images = []
    for left in (0, 10):
        image = Image.new("RGBA", (33, 21), (0, 0, 0, 0))
        image.paste((200, 30, 30, 255), (left, 0, left + 10, 21))
        images.append(image)
    path = tmp_path / "in.gif"
    images[0].save(path, save_all=True, append_images=images[1:], duration=100, disposal=2)
    first, second = (frame.image for frame in open_source(str(path)).frames())
    assert [first[5, 5].tolist(), first[5, 15].tolist()] == [[200, 30, 30], [255, 255, 255]]
    assert [second[5, 5].tolist(), second[5, 15].tolist()] == [[255, 255, 255], [200, 30, 30]]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_without_a_legend_a_gif_keeps_its_odd_size_and_times(suffix: str, model_folder: Path, tmp_path: Path) -> None:
    gif = write_gif(tmp_path / "in.gif", [(255, 0, 0), (0, 255, 0), (0, 0, 255)], [100, 500, 200])
    out = tmp_path / f"out{suffix}"
    assert main(["video", str(model_folder), str(gif), str(out), "--no-legend", "--opacity", "0"]) == 0
    assert frame_times(out) == [0, 0.1, 0.6]
    with av.open(str(out)) as container:
        images = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [image.shape for image in images] == [(21, 33, 3)] * 3
    for channel, image in enumerate(images):
        assert np.argmax(image[10, 32]) == channel
        assert image[10, 32, channel] > 200


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_the_last_frame_of_a_gif_stays_as_long_as_in_the_gif(suffix: str, model_folder: Path, tmp_path: Path) -> None:
    gif = write_gif(tmp_path / "in.gif", [(255, 0, 0), (0, 255, 0), (0, 0, 255)], [100, 200, 1700])
    out = tmp_path / f"out{suffix}"
    assert main(["video", str(model_folder), str(gif), str(out)]) == 0
    assert frame_times(out) == [0, 0.1, 0.3]
    with av.open(str(out)) as container:
        assert container.duration == 2_000_000
    assert main(["video", str(model_folder), str(gif), str(out), "--end", "1"]) == 0
    with av.open(str(out)) as container:
        assert container.duration == 1_000_000


def test_the_frames_behind_the_last_one_that_is_taken_count_as_time(model_folder: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mkv", frames=15)
    assert main(["video", str(model_folder), str(clip), str(tmp_path / "out.mp4"), "--stride", "10"]) == 0
    assert frame_times(tmp_path / "out.mp4") == [0, 1]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.duration == 1_500_000


def test_with_a_legend_phones_can_play_an_odd_size(model_folder: Path, tmp_path: Path) -> None:
    gif = write_gif(tmp_path / "in.gif", [(255, 0, 0), (0, 255, 0)], [100, 100])
    assert main(["video", str(model_folder), str(gif), str(tmp_path / "out.mp4")]) == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.pix_fmt, stream.width % 2, stream.height % 2) == ("yuv420p", 0, 0)


def test_chromium_plays_an_odd_size(model_folder: Path, tmp_path: Path, page: Any) -> None:  # noqa: F811
    images = [Image.new("RGB", (99, 65), (200, 40, 40))] * 4
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, image in enumerate(images):
        image.save(folder / f"{index}.png")
    out = tmp_path / "out.mp4"
    assert main(["video", str(model_folder), str(folder), str(out), "--no-legend", "--opacity", "0"]) == 0
    found = play(page, out, "video/mp4")
    assert found["size"] == [99, 65]
    assert np.abs(np.array(found["color"]) - (200, 40, 40)).max() <= 8
