"""Waiting threads go to sleep soon in any program that imports the package before PyTorch."""

import os
import subprocess
import sys

import pytest

from segnet.spinning import CHOICES, SPINS, spin_briefly


@pytest.mark.parametrize("choice", CHOICES)
def test_a_users_own_choice_stays(choice: str) -> None:
    environment = {choice: "PASSIVE"}
    spin_briefly(environment)
    assert environment == {choice: "PASSIVE"}


def test_openmp_starts_with_the_small_count() -> None:
    """GNU's OpenMP itself says what it was started with, after the package and then PyTorch were imported."""
    environment = {key: value for key, value in os.environ.items() if key not in CHOICES}
    program = "import segnet.inference.predictor"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | {"OMP_DISPLAY_ENV": "VERBOSE"},
        capture_output=True,
        text=True,
        check=True,
    )
    if "GOMP_SPINCOUNT" not in done.stderr:
        pytest.skip("this PyTorch has another OpenMP than GNU's")
    assert f"GOMP_SPINCOUNT = '{SPINS}'" in done.stderr


def test_processes_that_are_started_get_it_too() -> None:
    environment = {key: value for key, value in os.environ.items() if key not in CHOICES}
    program = (
        "import segnet, subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import os; print(os.environ[\"GOMP_SPINCOUNT\"])'], check=True)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SPINS
