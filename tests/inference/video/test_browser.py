"""What a real browser makes of the files and of the page."""

import base64
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segnet.inference.video.mjpeg import MjpegServer
from segnet.inference.video.writer import VideoWriter
from tests.inference.video.clips import add_sound, write_clip

PLAY = """async (url) => {
  const video = document.createElement("video");
  video.muted = true;
  video.src = url;
  document.body.append(video);
  const failed = new Promise((_, reject) => video.onerror = () => reject(new Error(video.error.message)));
  await Promise.race([failed, new Promise(done => video.onloadeddata = done)]);
  video.playbackRate = 4;
  const ended = new Promise(done => video.onended = done);
  await video.play();
  await Promise.race([failed, ended]);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  return {
    size: [video.videoWidth, video.videoHeight],
    seconds: video.duration,
    end: video.currentTime,
    sound: video.webkitAudioDecodedByteCount > 0,
    color: Array.from(pen.getImageData(48, 32, 1, 1).data.slice(0, 3)),
  };
}"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    page.goto("data:text/html,<title>player</title>")
    yield page
    page.close()


def play(page: Any, path: Path, kind: str) -> dict[str, Any]:
    data = base64.b64encode(path.read_bytes()).decode()
    found: dict[str, Any] = page.evaluate(PLAY, f"data:{kind};base64,{data}")
    return found


@pytest.mark.parametrize(("suffix", "kind"), [(".mp4", "video/mp4"), (".webm", "video/webm"), ("pieces", "video/mp4")])
def test_chromium_plays_what_is_written(
    suffix: str, kind: str, page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = add_sound(write_clip(tmp_path / "silent.mkv", frames=8), tmp_path / "in.mkv", "aac", 0.8)
    if suffix == "pieces":
        monkeypatch.setattr("segnet.inference.video.writer.write_whole", no_room)
    path = tmp_path / f"out{suffix if suffix != 'pieces' else '.mp4'}"
    with VideoWriter(path, Fraction(10), audio_from=clip, pixel_aspect=Fraction(2)) as writer:
        for index in range(8):
            writer.write(np.full((720, 1280, 3), (200, 40, 40), np.uint8), Fraction(index, 10))
    found = play(page, path, kind)
    assert found["size"] == [2560, 720]
    assert found["seconds"] == pytest.approx(0.8, abs=0.11)
    assert found["end"] == pytest.approx(found["seconds"], abs=0.05)
    assert found["sound"]
    # Where the file and the browser do not mean the same by its numbers, red turns orange.
    assert np.abs(np.array(found["color"]) - (200, 40, 40)).max() <= 8


def no_room(pieces: Path, path: Path) -> None:
    raise OSError(28, "No space left on device")


def test_the_page_shows_the_newest_image(browser: Any) -> None:
    over = threading.Event()
    image = np.full((48, 64, 3), (200, 40, 40), np.uint8)
    with MjpegServer(0) as server:

        def serve() -> None:
            while not over.wait(0.05):
                server.show(image, lambda: image)

        thread = threading.Thread(target=serve)
        thread.start()
        page = browser.new_page(viewport={"width": 320, "height": 240})
        try:
            page.goto(server.address, wait_until="commit")
            page.wait_for_function("document.querySelector('img').naturalWidth == 64")
            middle = page.evaluate(
                """() => {
                  const canvas = document.createElement("canvas");
                  const pen = canvas.getContext("2d");
                  pen.drawImage(document.querySelector("img"), 0, 0);
                  return Array.from(pen.getImageData(20, 20, 1, 1).data.slice(0, 3));
                }"""
            )
        finally:
            page.close()
            over.set()
            thread.join()
    assert np.abs(np.array(middle) - (200, 40, 40)).max() <= 8
