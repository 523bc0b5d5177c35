"""The line of each epoch, and the bar below it."""

import io

import pytest
from rich.console import Console

from segnet.config import TrainingConfig
from segnet.training.length import Length
from segnet.training.position import Position
from segnet.training.progress import TrainingProgress, duration

ROW: dict[str, object] = {"epoch": 2, "lr": 0.00123, "train_loss": 0.51234, "images_per_second": 12.34}


def progress_of(position: Position, visible: bool = True) -> tuple[TrainingProgress, io.StringIO]:
    length = Length(TrainingConfig(epochs=4), 10, position, lambda seconds: seconds)
    progress, written = TrainingProgress(length, "val_mean_iou", visible), io.StringIO()
    progress.console = Console(file=written, width=60)
    return progress, written


def test_an_epochs_line_names_each_of_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    position = Position()
    progress, written = progress_of(position)
    monkeypatch.setattr("time.perf_counter", lambda: 100.0)
    progress.begin(position)
    monkeypatch.setattr("time.perf_counter", lambda: 130.0)
    position.epoch, position.step, position.best_epoch = 1, 20, 1
    progress.epoch({**ROW, "val_mean_iou": 0.45678}, position)
    # One line, however narrow the terminal is; 20 of 40 steps took 30 s.
    assert written.getvalue() == (
        "epoch 2/4  train_loss 0.5123 · val_mean_iou 0.4568, the best so far · lr 0.00123 · 12.3 images/s · 30 s left\n"
    )


def test_an_epoch_that_was_not_measured_has_no_measure() -> None:
    position = Position(epoch=3, step=40, best_epoch=1)
    progress, written = progress_of(position)
    progress.epoch(ROW, position)
    assert written.getvalue() == "epoch 4/4  train_loss 0.5123 · lr 0.00123 · 12.3 images/s\n"


def test_the_bar_shows_the_last_measure_at_once() -> None:
    position = Position(epoch=1, step=20)
    progress, _ = progress_of(position)
    with progress:
        progress.epoch({**ROW, "val_mean_iou": 0.45678}, position)
        assert progress.bar.tasks[0].fields["measure"] == "val_mean_iou 0.4568"


def test_other_processes_are_silent() -> None:
    position = Position(epoch=1, step=20)
    progress, written = progress_of(position, visible=False)
    progress.epoch(ROW, position)
    assert written.getvalue() == ""


@pytest.mark.parametrize(("seconds", "text"), [(7.6, "8 s"), (61, "1 min"), (3599, "1 h 0 min"), (7500, "2 h 5 min")])
def test_durations_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
