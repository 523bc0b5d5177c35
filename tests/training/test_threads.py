"""A tiny network is trained on one thread, a larger one on PyTorch's, and a user's own number wins."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from segnet.config_file import load_config
from segnet.training.tasks.build import TASKS
from segnet.training.tasks.task import Task
from segnet.training.threads import step_flops, threads_for

VANILLA = Path(__file__).parents[2] / "configs" / "autoencoders" / "vanilla.yaml"


@pytest.fixture(autouse=True)
def _two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def vanilla() -> Task:
    config = load_config(VANILLA, [])
    return TASKS[config.task](config)


def threads(batch_size: int) -> list[int]:
    """PyTorch's threads while ``vanilla`` is trained, and after it."""
    fabric = Fabric(accelerator="cpu")
    with threads_for(vanilla(), batch_size, fabric):
        inside = torch.get_num_threads()
    return [inside, torch.get_num_threads()]


def test_arithmetic_of_a_step_is_that_of_its_two_layers() -> None:
    # 28×28 pixels into 32 numbers and back, a multiply-add as two operations.
    assert step_flops(vanilla(), batch_size=32) == 32 * 2 * (784 * 32 + 32 * 784)


def test_a_tiny_step_takes_one_thread_and_gives_the_others_back() -> None:
    assert threads(batch_size=32) == [1, 2]


def test_a_larger_step_takes_all_threads() -> None:
    assert threads(batch_size=10_000) == [2, 2]


def test_a_users_own_number_of_threads_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert threads(batch_size=32) == [2, 2]
