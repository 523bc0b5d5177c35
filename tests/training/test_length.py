"""Runs of so many hours: as many steps as fit, planned again where the speed changes."""

from collections.abc import Callable

import pytest

from segnet.config import TrainingConfig
from segnet.training import length
from segnet.training.length import Length
from segnet.training.position import Position


class Clock:
    """Time that passes as a test says."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(length, "time", clock)
    return clock


def of_hours(hours: float, position: Position) -> Length:
    return Length(TrainingConfig(epochs=3, hours=hours), 70, position, lambda seconds: seconds)


def run(clock: Clock, length: Length, seconds: Callable[[int], float], stop: int = 10**9) -> list[int]:
    """Steps that take ``seconds`` each, to the end or to the step ``stop``; gives the plan before each."""
    position, plans = length.position, []
    length.begin()
    while not length.is_over() and position.step < stop:
        plans.append(position.planned_steps)
        clock.now += seconds(position.step)
        position.step += 1
        length.look()
    return plans


def test_one_plan_fits_at_a_steady_speed(clock: Clock) -> None:
    position = Position()
    plans = run(clock, of_hours(0.5, position), lambda step: 2.0)
    assert clock.now == 1800
    assert set(plans) == {0, 900}
    assert plans[9:11] == [0, 900]


@pytest.mark.parametrize(
    "seconds",
    [
        lambda step: 20.0 if step == 0 else 1.0,
        lambda step: 1.0 if step < 500 else 4.0,
        lambda step: 4.0 if step < 200 else 1.0,
        lambda step: 1.0 + (step // 50) % 3,
    ],
    ids=["slow first step", "slower from the middle on", "faster later", "now fast, now slow"],
)
def test_a_run_ends_within_3_percent_of_its_hours_whatever_the_speed_does(
    clock: Clock, seconds: Callable[[int], float]
) -> None:
    run(clock, of_hours(0.5, Position()), seconds)
    assert clock.now == pytest.approx(1800, rel=0.03)


def test_even_a_few_steps_end_within_one_of_the_hours(clock: Clock) -> None:
    run(clock, of_hours(0.02, Position()), lambda step: 1.0 if step < 40 else 3.0)
    assert 69 <= clock.now <= 75


def test_the_last_measurement_is_within_the_hours(clock: Clock) -> None:
    position = Position(seconds_of_measuring=100)
    run(clock, of_hours(0.5, position), lambda step: 2.0)
    assert clock.now == pytest.approx(1700, rel=0.01)


def test_a_resumed_run_goes_on_with_the_plan(clock: Clock) -> None:
    whole = run(clock, of_hours(0.5, Position()), lambda step: 2.0)
    position = Position()
    first = run(clock, of_hours(0.5, position), lambda step: 2.0, stop=333)
    clock.now += 86_400  # which it lies still
    resumed = Position()
    resumed.load_state_dict(position.state_dict())
    assert first + run(clock, of_hours(0.5, resumed), lambda step: 2.0) == whole


def test_epochs_decide_where_no_hours_are_given(clock: Clock) -> None:
    position = Position()
    length = Length(TrainingConfig(epochs=3), 70, position, lambda seconds: seconds)
    assert (length.total_steps, length.epochs) == (210, 3)
    position.epoch = 2
    assert (length.is_over(), length.is_last_epoch()) == (False, True)
    position.epoch = 3
    assert length.is_over()


def test_before_the_first_plan_the_end_is_open(clock: Clock) -> None:
    length = of_hours(1, Position())
    assert (length.total_steps, length.epochs, length.is_over()) == (None, None, False)
    length.position.planned_steps = 141
    assert (length.total_steps, length.epochs) == (141, 3)
