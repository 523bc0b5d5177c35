"""Cameras: the newest frame, a camera that goes and comes back, the window's keys, and the page for a browser."""

import http.client
import itertools
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segnet.cli import main
from segnet.datasets.classes import CAMVID
from segnet.errors import UserError
from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.inference.video import window
from segnet.inference.video.camera import LiveSource, Stream, is_live, without_password
from segnet.inference.video.frames import FrameSegmenter
from segnet.inference.video.layout import Painter
from segnet.inference.video.live import watch
from segnet.inference.video.mjpeg import MjpegServer
from segnet.inference.video.segment import Clip, open_writer
from segnet.inference.video.window import Window, fitting, next_opacity
from segnet.nn.saved import SavedModel
from tests.inference.video.clips import frame_times

Pixels = NDArray[np.uint8]


def grey_image(value: int, size: tuple[int, int] = (48, 64)) -> Pixels:
    return np.full((*size, 3), value, np.uint8)


class FakeCamera:
    """Gives ``images`` and is gone then; waits for ``ready`` before each."""

    def __init__(self, images: list[Pixels], pause: float = 0.0) -> None:
        self.images, self.pause, self.closed = iter(images), pause, False

    def read(self) -> Pixels | None:
        time.sleep(self.pause)
        return next(self.images, None)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("name", "live"), [("0", True), ("rtsp://host/street", True), ("drive.mp4", False), ("frames/*.png", False)]
)
def test_numbers_and_addresses_are_cameras(name: str, live: bool) -> None:
    assert is_live(name) is live


def test_a_folder_with_a_number_for_a_name_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("0").mkdir()
    assert not is_live("0")


def test_a_slow_network_sees_the_newest_frame() -> None:
    source = LiveSource("camera", lambda: FakeCamera([grey_image(n) for n in range(200)], 0.002), waits=())
    values, times = list[int](), list[Fraction]()

    def look_slowly() -> None:
        for frame in source.frames():
            values.append(int(frame.image[0, 0, 0]))
            times.append(frame.time)
            time.sleep(0.05)

    with pytest.raises(UserError, match="gone"):
        look_slowly()
    assert values == sorted(values)
    assert times[0] == 0
    assert times == sorted(times)
    assert len(values) < 50
    assert source.dropped == 199 - (len(values) - 1)


def test_a_camera_that_comes_back_goes_on_at_its_first_size(capsys: pytest.CaptureFixture[str]) -> None:
    cameras = [FakeCamera([grey_image(1)] * 2, 0.02), FakeCamera([grey_image(9, (96, 128))] * 1000, 0.02)]
    opened: list[Callable[[], FakeCamera]] = [lambda: cameras[0], refuse, lambda: cameras[1]]
    source = LiveSource("camera 0", lambda: opened.pop(0)(), waits=(0.01, 0.02, 0.04))
    for frame in source.frames():
        assert frame.image.shape == (48, 64, 3)
        if frame.image[0, 0, 0] == 9:
            break
    assert cameras[0].closed
    said = capsys.readouterr().err
    assert re.findall(r"camera 0: no image any more; trying again in (\S+) s", said) == ["0.01", "0.02"]
    assert said.endswith("camera 0: back again\n")
    assert not source.gone


def refuse() -> FakeCamera:
    raise UserError("camera 0: cannot be opened")


def test_a_camera_that_stays_away_is_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    cameras: Iterator[Callable[[], FakeCamera]] = itertools.chain(
        [lambda: FakeCamera([grey_image(1)])], itertools.repeat(refuse)
    )
    source = LiveSource("camera 0", lambda: next(cameras)(), waits=(0.01, 0.01))
    with pytest.raises(UserError, match="camera 0: gone, and 2 tries did not bring it back"):
        list(source.frames())


def test_a_camera_that_opens_without_an_image_has_not_come_back() -> None:
    cameras: Iterator[list[Pixels]] = itertools.chain([[grey_image(1)]], itertools.repeat([]))
    source = LiveSource("camera 0", lambda: FakeCamera(next(cameras)), waits=(0.01, 0.01, 0.01))
    with pytest.raises(UserError, match="camera 0: gone, and 3 tries did not bring it back"):
        list(source.frames())


def test_passwords_stay_out_of_messages() -> None:
    assert without_password("rtsp://me:secret@camera:554/street?x=1") == "rtsp://camera:554/street?x=1"
    with pytest.raises(UserError) as caught:
        Stream("http://me:secret@127.0.0.1:9/stream")
    assert "secret" not in str(caught.value)
    assert "http://127.0.0.1:9/stream: cannot be opened" in str(caught.value)


class FakeScreen:
    """Wants ``count`` images."""

    words = ""

    def __init__(self, count: int) -> None:
        self.count, self.images = count, list[Pixels]()

    def __enter__(self) -> "FakeScreen":
        return self

    def __exit__(self, *_: object) -> None:
        self.left = True

    def show(self, image: Pixels, draw_again: Callable[[], Pixels]) -> bool:
        self.images.append(image)
        return len(self.images) < self.count


def test_the_shown_frames_are_also_written(model: SavedModel, tmp_path: Path) -> None:
    source = LiveSource("camera", lambda: FakeCamera([grey_image(80)] * 1000, 0.01))
    segment = FrameSegmenter(Predictor(model, precision="fp32"))
    screen, clip, rows = FakeScreen(4), Clip(), list[dict[str, Any]]()
    writer = open_writer(tmp_path / "out.mp4", source, clip)
    assert watch(source, segment, Painter(Overlay(CAMVID)), [screen], writer, clip, rows) == 4
    assert len(screen.images) == len(rows) == 4
    assert rows[0]["time"] == 0
    assert frame_times(tmp_path / "out.mp4") == pytest.approx([row["time"] for row in rows], abs=0.011)
    assert screen.left


def test_a_screen_lives_while_no_image_comes_and_says_why(model: SavedModel) -> None:
    source = LiveSource("camera", lambda: FakeCamera([grey_image(80)]), waits=(60,))
    screen = FakeScreen(3)
    # The camera has gone after one frame; two more turns, and the screen has had enough.
    assert watch(source, FrameSegmenter(Predictor(model, precision="fp32")), Painter(Overlay(CAMVID)), [screen]) == 1
    first, *later = screen.images
    assert len(later) == 2
    assert later[-1].mean() < 0.8 * first.mean()
    assert source.gone == "no image any more; trying again in 60 s"


def test_watching_ends_at_the_end(model: SavedModel) -> None:
    source = LiveSource("camera", lambda: FakeCamera([grey_image(80)] * 1000, 0.01))
    screen = FakeScreen(10_000)
    watch(
        source,
        FrameSegmenter(Predictor(model, precision="fp32")),
        Painter(Overlay(CAMVID)),
        [screen],
        clip=Clip(0, 0.2),
    )
    assert 0 < len(screen.images) < 25


class FakeLibrary:
    """The window library with keys that are pressed one after another."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
        self.keys, self.shown, self.visible = iter(keys), list[Pixels](), 1.0
        for name, function in {
            "namedWindow": lambda *_: None,
            "resizeWindow": lambda *_: None,
            "destroyAllWindows": lambda: None,
            "imshow": lambda _, image: self.shown.append(image[..., ::-1].copy()),
            "waitKey": lambda _: ord(next(self.keys)),
            "getWindowProperty": lambda *_: self.visible,
        }.items():
            monkeypatch.setattr(cv2, name, function)
        monkeypatch.setattr(window, "require_display", lambda: None)


NO_KEY = "\xff"


def shown(window: Window, value: int) -> bool:
    return window.show(grey_image(value), lambda: grey_image(value + 1))


def test_the_keys_of_the_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    overlay = Overlay(CAMVID, opacity=0.5)
    # A frame without a key; space, saving and opacity while it is paused, space; quit.
    library = FakeLibrary(monkeypatch, NO_KEY + " " + NO_KEY + "so" + " " + "q")
    with Window(overlay, tmp_path) as win:
        assert shown(win, 10)
        assert shown(win, 20)
        assert [int(image[0, 0, 0]) for image in library.shown] == [10, 20, 21]
        assert overlay.opacity == 0.75
        assert not shown(win, 30)
    assert np.asarray(Image.open(tmp_path / "segnet_0000.png"))[0, 0].tolist() == [20, 20, 20]


def test_closing_the_window_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = FakeLibrary(monkeypatch, NO_KEY)
    library.visible = 0
    with Window(Overlay(CAMVID), tmp_path) as win:
        assert not shown(win, 1)


def test_images_that_are_saved_do_not_replace_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "segnet_0000.png").write_bytes(b"mine")
    FakeLibrary(monkeypatch, "ss")
    with Window(Overlay(CAMVID), tmp_path) as win:
        shown(win, 1)
        shown(win, 2)
    assert (tmp_path / "segnet_0000.png").read_bytes() == b"mine"
    assert sorted(file.name for file in tmp_path.iterdir())[1:] == ["segnet_0001.png", "segnet_0002.png"]


def test_a_window_opens_beside_the_video_library() -> None:
    # With its libxcb loaded first OpenCV's window hangs for ever; a window itself needs a display.
    program = (
        "import sys; import segnet.inference.video.camera, segnet.inference.video.window; "
        "names = list(sys.modules); assert names.index('cv2') < names.index('av'), 'av came first'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_window_is_as_large_as_the_image_and_no_larger_than_a_screen() -> None:
    assert fitting(480, 434) == (480, 434)
    assert fitting(3840, 2160) == (1280, 720)
    assert fitting(600, 1600) == (300, 800)


def test_opacities_go_round() -> None:
    assert [next_opacity(value) for value in (0.3, 0.5, 0.75, 1.0, 0.0)] == [0.5, 0.75, 1.0, 0.0, 0.25]


@pytest.mark.skipif("sys.platform != 'linux'", reason="only there a display is named by the environment")
def test_a_missing_display_is_named(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["video", str(model_folder), "0"]) == 1
    error = capsys.readouterr().err
    assert "no display to open a window on; look at it in a browser with --mjpeg 8080" in error
    assert error.count("\n") == 1


def get(port: int, path: str, host: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"{host}:{port}"})
    answer = connection.getresponse()
    return answer.status, answer.read() if answer.status != 200 or path == "/" else b""


def test_the_page_is_for_this_machine_alone() -> None:
    with MjpegServer(0) as server:
        port = server.server.server_port
        assert server.server.server_address[0] == "127.0.0.1"
        status, page = get(port, "/", "localhost")
        assert status == 200
        assert b'<img src="/stream.mjpg"' in page
        assert get(port, "/", "evil.example")[0] == 403
        assert get(port, "/etc/passwd", "127.0.0.1")[0] == 404
        with pytest.raises(UserError, match=f"--mjpeg {port}: cannot be used"):
            MjpegServer(port)
    with pytest.raises(UserError, match="--mjpeg 99999"):
        MjpegServer(99999)


def test_a_stream_of_one_command_is_the_camera_of_another(model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    over = threading.Event()
    with MjpegServer(0) as server:

        def serve() -> None:
            while not over.wait(0.02):
                server.show(grey_image(90), lambda: grey_image(90))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            address = f"{server.address}/stream.mjpg"
            arguments = ["video", str(model_folder), address, str(out), "--end", "1", "--mjpeg", "0", "--no-legend"]
            assert main(arguments) == 0
        finally:
            over.set()
            thread.join()
    assert 0 <= frame_times(out)[-1] <= 1
