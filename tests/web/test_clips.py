"""Clips: what is taken, how they end, and that nothing stays behind."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from fastapi.testclient import TestClient

from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.web.clips import Clip, Clips, container_suffix
from segnet.web.limits import Limits
from segnet.web.models import Models
from segnet.web.problems import BusyError, RefusedError
from tests.web.conftest import LIMITS

MakeClip = Callable[[int], Path]


def wait_for(client: TestClient, answer: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + 240
    while answer["state"] in ("waiting", "running") and time.monotonic() < until:
        time.sleep(0.05)
        answer = client.get(f"/api/clips/{answer['id']}").json()
    return answer


def test_a_clip_comes_back_with_every_frame(client: TestClient, clip_file: MakeClip) -> None:
    files = {"video": ("../../evil.sh", clip_file(5).read_bytes())}
    answer = client.post("/api/clips", files=files, data={"opacity": 0.4, "size": "half"})
    assert answer.status_code == 202
    done = wait_for(client, answer.json())
    assert (done["state"], done["frames"], done["total"], done["error"]) == ("done", 5, 5, None)
    video = client.get(f"/api/clips/{done['id']}/video")
    assert video.headers["Content-Type"] == "video/mp4"
    with av.open(io.BytesIO(video.content), "r") as container:
        assert len(list(container.decode(video=0))) == 5
    # Browsers jump in a video by asking for parts of it.
    part = client.get(f"/api/clips/{done['id']}/video", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, video.content[10:20])
    assert client.delete(f"/api/clips/{done['id']}").status_code == 204
    assert client.get(f"/api/clips/{done['id']}/video").status_code == 404


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 400, "not a video in a format that is read here"),
        # Playlists that would have FFmpeg open a file of this machine, or ask another host.
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 400, "not a video in a format that is read here"),
        (b"ffconcat version 1.0\nfile 'http://evil.example/x.mp4'\n", 400, "not a video in a format that is read here"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(100), 400, "cannot be read as a video"),
        (b"\x1a\x45\xdf\xa3#EXTM3U\nfile:///etc/passwd", 400, "cannot be read as a video"),
    ],
)
def test_a_file_that_is_no_clip_is_refused(client: TestClient, data: bytes, status: int, words: str) -> None:
    answer = client.post("/api/clips", files={"video": data})
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_a_clip_that_is_too_long_is_refused(client: TestClient, clip_file: MakeClip) -> None:
    answer = client.post("/api/clips", files={"video": clip_file(50).read_bytes()})
    assert answer.status_code == 413
    assert answer.json()["error"] == "the clip is 5 s long, at most 3 s are accepted; cut it"


def test_three_formats_are_told_by_their_first_bytes() -> None:
    assert container_suffix(b"\x00\x00\x00\x20ftypqt  ") == ".mp4"
    assert container_suffix(b"\x1a\x45\xdf\xa3\x01") == ".webm"
    assert container_suffix(b"RIFF\x00\x00\x00\x00AVI LIST") == ".avi"
    with pytest.raises(RefusedError):
        container_suffix(b"RIFF\x00\x00\x00\x00WAVE")


def begin(clips: Clips, path: Path, models: Models, opened: Callable[[], Predictor] | None = None) -> Clip:
    with path.open("rb") as file:
        clip = clips.receive(file)
    clips.start(clip, opened or (lambda: Predictor(models.networks["lite"])), lambda p: Overlay(p.classes))
    return clip


def until_over(*clips: Clip) -> None:
    end = time.monotonic() + 240
    while not all(clip.is_over for clip in clips) and time.monotonic() < end:
        time.sleep(0.02)
    assert all(clip.is_over for clip in clips)


def test_cancelled_clips_leave_nothing(tmp_path: Path, clip_file: MakeClip, models: Models) -> None:
    clips = Clips(tmp_path, LIMITS)

    def slow() -> Predictor:
        time.sleep(0.3)
        return Predictor(models.networks["lite"])

    running = begin(clips, clip_file(20), models, slow)
    waiting = begin(clips, clip_file(5), models)
    clips.remove(running.id)
    clips.remove(waiting.id)
    until_over(running, waiting)
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    assert running.frames < 20
    assert waiting.frames == 0
    assert list(tmp_path.iterdir()) == []
    clips.close()


def test_finished_clips_go_by_number_and_by_age(tmp_path: Path, clip_file: MakeClip, models: Models) -> None:
    clips = Clips(tmp_path, Limits(kept_clips=2, waiting_clips=5))
    three = [begin(clips, clip_file(2), models) for _ in range(3)]
    until_over(*three)
    clips.sweep()
    assert {path.name for path in tmp_path.iterdir()} == {clip.id for clip in three[1:]}
    with pytest.raises(RefusedError):
        clips.get(three[0].id)
    three[1].ended = time.monotonic() - clips.limits.keep_seconds - 1
    clips.sweep()
    assert [path.name for path in tmp_path.iterdir()] == [three[2].id]
    assert [path.name for path in (tmp_path / three[2].id).iterdir()] == ["segmented.mp4"]
    clips.close()
    assert list(tmp_path.iterdir()) == []


def test_work_has_an_end_in_time_and_the_line_in_length(tmp_path: Path, clip_file: MakeClip, models: Models) -> None:
    clips = Clips(tmp_path, Limits(clip_work_seconds=0, waiting_clips=0))
    clip = begin(clips, clip_file(5), models)
    until_over(clip)
    assert (clip.state, clip.error) == ("failed", "not done within 0 s; choose a smaller size")
    waiting = Clip(tmp_path / "a", tmp_path / "b")
    clips.clips[waiting.id] = waiting
    with pytest.raises(BusyError, match="1 clips are being worked on"):
        clips.check_room()
    clips.close()
