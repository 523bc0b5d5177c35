"""A large folder's list is kept, and never used when the folder has changed."""

import os
from pathlib import Path

import pytest

from segnet.datasets import folder_cache
from segnet.datasets.folder_cache import file_names
from segnet.errors import UserError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, last changed ten seconds ago; two are many."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(folder_cache, "KEPT_FROM", 2)
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("b.png", "a.JPG"):
        (folder / name).touch()
    settle(folder)
    return folder


def settle(folder: Path, seconds: float = 10) -> None:
    """Date the folder's last change back."""
    status = folder.stat()
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns - int(seconds * 1e9)))


def kept(folder: Path) -> list[Path]:
    return list((folder.parent / "cache").rglob("listings/*"))


def test_names_are_sorted_and_the_list_is_used_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_names(folder) == ["a.JPG", "b.png"]
    assert len(kept(folder)) == 1
    monkeypatch.setattr(os, "scandir", None)  # would fail
    assert file_names(folder) == ["a.JPG", "b.png"]


def test_a_changed_folder_is_listed_again(folder: Path) -> None:
    file_names(folder)
    (folder / "c.png").touch()
    assert file_names(folder) == ["a.JPG", "b.png", "c.png"]
    (folder / "a.JPG").rename(folder / "d.jpg")
    assert file_names(folder) == ["b.png", "c.png", "d.jpg"]


def test_a_folder_that_changed_a_moment_ago_is_not_kept(folder: Path) -> None:
    (folder / "c.png").touch()
    file_names(folder)
    assert not kept(folder)


def test_a_small_folder_is_not_kept(folder: Path) -> None:
    (folder / "a.JPG").unlink()
    settle(folder)
    assert file_names(folder) == ["b.png"]
    assert not kept(folder)


def test_a_cache_that_cannot_be_written_is_no_error(folder: Path) -> None:
    (folder.parent / "cache").write_text("a file where the folder would be")
    assert file_names(folder) == ["a.JPG", "b.png"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"images: no such folder"):
        file_names(tmp_path / "images")
