"""The sample scenes: the same for a seed, all classes in them, no colour look-up, and files made once."""

import errno
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.classes import CAMVID
from segnet.datasets.samples import Sample
from segnet.datasets.scenes import ensure_scenes, render_scene, render_sequence, write, write_scenes
from segnet.errors import UserError

SMALL = (72, 96)


@pytest.fixture(scope="module")
def scenes() -> list[Sample]:
    return [render_scene(seed, SMALL) for seed in range(12)]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def small_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "TRAIN", 2)
    monkeypatch.setattr(write, "VAL", 1)
    monkeypatch.setattr(write, "SIZE", (24, 32))


def test_a_seed_gives_the_same_scene_and_another_seed_another(scenes: list[Sample]) -> None:
    again = render_scene(3, SMALL)
    np.testing.assert_array_equal(again.image, scenes[3].image)
    np.testing.assert_array_equal(again.mask, scenes[3].mask)
    assert (scenes[3].mask != scenes[4].mask).mean() > 0.05


@pytest.mark.parametrize("size", [(72, 96), (37, 53), (1, 1), (48, 31)])
def test_scenes_have_the_size_asked_for(size: tuple[int, int]) -> None:
    image, mask, _ = render_scene(1, size)
    assert image.shape == (*size, 3)
    assert mask.shape == size
    assert image.dtype == mask.dtype == np.uint8


def test_every_class_occurs_and_nothing_else(scenes: list[Sample]) -> None:
    labels = np.unique(np.concatenate([scene.mask.ravel() for scene in scenes]))
    assert labels.tolist() == [*range(len(CAMVID)), CAMVID.ignore_index]


def test_the_street_lies_below_the_sky(scenes: list[Sample]) -> None:
    rows = np.arange(SMALL[0])[:, None] * np.ones(SMALL)
    for scene in scenes:
        assert rows[scene.mask == 3].mean() > SMALL[0] / 2
        if (scene.mask == 0).any():
            assert rows[scene.mask == 0].mean() < SMALL[0] / 2


def test_frames_of_a_drive_are_repeatable_and_follow_each_other() -> None:
    frames = list(render_sequence(7, 4, SMALL))
    assert len({frame.name for frame in frames}) == 4
    np.testing.assert_array_equal(list(render_sequence(7, 3, SMALL))[2].image, frames[2].image)
    other = render_scene(8, SMALL)
    for before, after in pairwise(frames):
        changed = (before.mask != after.mask).mean()
        assert 0 < changed < 0.12
        assert changed < (before.mask != other.mask).mean() / 2


def test_the_nearest_mean_colour_does_not_solve_the_scenes(scenes: list[Sample]) -> None:
    """The README's claim: colours alone stay under 0.6 mIoU, fitted on some scenes and measured on others."""
    train, val = scenes[:8], scenes[8:]
    image = np.concatenate([scene.image.reshape(-1, 3) for scene in train]).astype(float)
    mask = np.concatenate([scene.mask.ravel() for scene in train])
    means = np.array([image[mask == label].mean(0) for label in range(len(CAMVID))])
    image = np.concatenate([scene.image.reshape(-1, 3) for scene in val]).astype(float)
    mask = np.concatenate([scene.mask.ravel() for scene in val])
    guess = ((image[:, None] - means) ** 2).sum(2).argmin(1)
    known = mask < len(CAMVID)
    unions = [((guess == label) | (mask == label))[known].sum() for label in range(len(CAMVID))]
    hits = [((guess == label) & (mask == label))[known].sum() for label in range(len(CAMVID))]
    assert np.mean(np.array(hits) / np.maximum(unions, 1)) < 0.6


def test_written_scenes_are_read_as_camvid_is(tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes", train=2, val=1, size=(24, 32), seed=5)
    train, val = (load_camvid(str(tmp_path / "scenes"), split) for split in ("train", "val"))
    assert (len(train), len(val)) == (2, 1)
    expected = render_scene(5_000_000, (24, 32))
    np.testing.assert_array_equal(train[0].image, expected.image)
    np.testing.assert_array_equal(train[0].mask, expected.mask)
    assert names_in(tmp_path) == [".scenes.lock", "scenes"]


@pytest.mark.usefixtures("small_default")
def test_the_default_set_is_made_once_and_anew_for_another_version(tmp_path: Path) -> None:
    root = ensure_scenes(tmp_path / "scenes")
    image = next((root / "train").iterdir())
    made = image.stat().st_mtime_ns
    ensure_scenes(root)
    assert image.stat().st_mtime_ns == made
    facts = json.loads((root / "scenes.json").read_text())
    (root / "scenes.json").write_text(json.dumps({**facts, "version": 0}))
    ensure_scenes(root)
    assert image.stat().st_mtime_ns != made
    assert json.loads((root / "scenes.json").read_text()) == facts


@pytest.mark.usefixtures("small_default")
def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.png").write_bytes(b"sea")
    with pytest.raises(UserError, match="no sample scenes"):
        ensure_scenes(tmp_path)
    assert (tmp_path / "holiday.png").read_bytes() == b"sea"


@pytest.mark.usefixtures("small_default")
def test_of_two_that_want_the_scenes_at_once_one_draws_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = []

    def draw_slowly(*arguments: Any) -> None:
        drawn.append(arguments)
        time.sleep(0.5)
        draw(*arguments)

    draw = write._write
    monkeypatch.setattr(write, "_write", draw_slowly)
    with ThreadPoolExecutor(2) as pool:
        roots = list(pool.map(ensure_scenes, [tmp_path / "scenes"] * 2))
    assert roots == [tmp_path / "scenes"] * 2
    assert len(drawn) == 1
    assert len(load_camvid(str(roots[1]), "train")) == 2
    assert "waiting for another process that draws the sample scenes" in capsys.readouterr().err


def test_a_full_disk_is_named_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(write, "_write_scene", fails)
    with pytest.raises(UserError, match=r"scenes: the sample scenes cannot be written \(No space left"):
        write_scenes(tmp_path / "scenes", 2, 1, (24, 32))
    assert names_in(tmp_path) == [".scenes.lock"]


def test_files_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".scenes.part" / "train").mkdir(parents=True)
    write_scenes(tmp_path / "scenes", 1, 1, (24, 32))
    assert names_in(tmp_path) == [".scenes.lock", "scenes"]


INTERRUPTED = """
import signal, sys
from segnet.datasets.scenes import write_scenes
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    write_scenes(sys.argv[1], 100_000, 0, (24, 32))
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_an_interruption_ends_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(tmp_path / "scenes")], stderr=subprocess.PIPE)
    try:
        while process.poll() is None and not any(tmp_path.glob(".scenes.part/train/*")):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, errors) == (130, b"")
    assert names_in(tmp_path) == [".scenes.lock"]
