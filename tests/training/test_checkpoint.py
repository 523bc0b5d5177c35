"""Checkpoints: what is damaged is noticed, and the one before is taken instead."""

from pathlib import Path

import pytest
import torch

from segnet.errors import UserError
from segnet.training.checkpoint import load_checkpoint, previous, save_checkpoint


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint of step 2 with that of step 1 before it."""
    path = tmp_path / "last.pt"
    for step in (1, 2):
        save_checkpoint(path, {"step": step, "weight": torch.full((3,), float(step))})
    return path


def test_state_comes_back(path: Path) -> None:
    state = load_checkpoint(path)
    assert state["step"] == 2
    assert torch.equal(state["weight"], torch.full((3,), 2.0))
    assert load_checkpoint(previous(path))["step"] == 1
    assert sorted(file.name for file in path.parent.iterdir()) == ["last.pt", "manifest.json", "previous_last.pt"]


def test_a_flipped_bit_anywhere_is_noticed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = path.read_bytes()
    # All along the archive, and each byte of the trailer.
    places = [*range(0, len(whole), len(whole) // 40), *range(len(whole) - 60, len(whole))]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        assert load_checkpoint(path)["step"] == 1, place
        error = capsys.readouterr().err
        assert str(path) in error
        assert "going on from previous_last.pt instead" in error


@pytest.mark.parametrize("kept", [0, 1, 30, 200, -1, -40, -100])
def test_a_file_cut_short_is_noticed(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    assert load_checkpoint(path)["step"] == 1


def test_a_missing_file_falls_back_too(path: Path) -> None:
    path.unlink()
    assert load_checkpoint(path)["step"] == 1


def test_a_kill_between_the_two_renames_leaves_nothing_behind(path: Path) -> None:
    previous(path).unlink()
    previous(path).hardlink_to(path)
    save_checkpoint(path, {"step": 3})
    assert load_checkpoint(path)["step"] == 3
    assert load_checkpoint(previous(path))["step"] == 2
    assert sorted(file.name for file in path.parent.iterdir()) == ["last.pt", "manifest.json", "previous_last.pt"]


def test_damage_to_all_checkpoints_is_reported_in_one_line(path: Path) -> None:
    for file in (path, previous(path)):
        file.write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"last\.pt: cut short.*no checkpoint is left to go on from") as error:
        load_checkpoint(path)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no checkpoint to go on from; train under another name"):
        load_checkpoint(tmp_path / "last.pt")


def test_a_save_that_fails_keeps_the_last_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, {"step": 3})
    assert load_checkpoint(path)["step"] == 2


def test_another_format_is_named(path: Path) -> None:
    save_checkpoint(path, {"format": 99})
    previous(path).unlink()
    with pytest.raises(UserError, match="written in format 99, this version reads format 1"):
        load_checkpoint(path)


def test_a_state_that_would_run_code_is_not_built(path: Path) -> None:
    save_checkpoint(path, {"step": 3, "code": Path})
    assert load_checkpoint(path)["step"] == 2
