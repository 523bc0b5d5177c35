"""Learning rates: worked out by hand, and against PyTorch's schedulers."""

import pytest
import torch
from pydantic import TypeAdapter
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from segnet.config import PolySchedule, ScheduleConfig
from segnet.training.schedule import lr_factor


def factors(total: int, **settings: object) -> list[float]:
    schedule = TypeAdapter(ScheduleConfig).validate_python(settings)
    return [lr_factor(schedule, step, total) for step in range(total)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"name": "constant"}, [1, 1, 1, 1, 1]),
        ({"name": "constant", "warmup_steps": 3}, [0.25, 0.5, 0.75, 1, 1]),
        ({"name": "poly", "power": 2}, [1, 0.75**2, 0.5**2, 0.25**2, 0]),
        ({"name": "poly", "power": 1, "final_factor": 0.2}, [1, 0.8, 0.6, 0.4, 0.2]),
        ({"name": "cosine"}, [1, 0.8535534, 0.5, 0.1464466, 0]),
        ({"name": "cosine", "final_factor": 0.5}, [1, 0.9267767, 0.75, 0.5732233, 0.5]),
        ({"name": "cosine", "warmup_steps": 2}, [1 / 3, 2 / 3, 1, 0.5, 0]),
    ],
)
def test_the_rates_match_values_by_hand(settings: dict[str, object], expected: list[float]) -> None:
    assert factors(5, **settings) == pytest.approx(expected)


def by_pytorch(total: int, kind: type[LRScheduler], **arguments: object) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = kind(optimizer, **arguments)  # type: ignore[arg-type]
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_cosine_is_pytorchs() -> None:
    theirs = by_pytorch(101, CosineAnnealingLR, T_max=100, eta_min=0.1)
    assert factors(101, name="cosine", final_factor=0.1) == pytest.approx(theirs)


def test_one_cycle_matches_pytorch() -> None:
    # PyTorch's peak lies 0.7 of a step earlier, which a thousand steps hardly show.
    theirs = by_pytorch(1000, OneCycleLR, max_lr=1.0, total_steps=1001)
    assert factors(1000, name="one_cycle") == pytest.approx(theirs, abs=5e-3)
    assert factors(1000, name="one_cycle")[0] == pytest.approx(1 / 25)


@pytest.mark.parametrize("name", ["constant", "poly", "cosine", "one_cycle"])
@pytest.mark.parametrize("total", [1, 2, 3])
def test_runs_of_few_steps_and_warm_ups_longer_than_the_run(name: str, total: int) -> None:
    for warmup in (0, 1, 5):
        assert all(0 <= factor <= 1 for factor in factors(total, name=name, warmup_steps=warmup))


def test_beyond_the_last_step_the_factor_stays() -> None:
    schedule = PolySchedule(name="poly", final_factor=0.1)
    assert lr_factor(schedule, 50, 10) == pytest.approx(0.1)
