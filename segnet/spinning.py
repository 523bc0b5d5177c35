"""The time that OpenMP's threads spin while they wait for each other. It decides the speed on a busy machine."""

import os
from collections.abc import MutableMapping

SPINS = "3000"
"""A thread looks at a lock so many times before it sleeps. GNU's OpenMP takes 300,000, which is up to a millisecond.
Beside another busy program, the thread then keeps a core from the very thread that all wait for. benchmarks/beside.py
measures it."""

CHOICES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
"""If a user sets one of these variables, nothing is changed."""


def spin_briefly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let waiting threads sleep soon, in this process and its children.

    OpenMP reads the variable when it starts, so this must come before the first import of PyTorch.
    """
    if not any(choice in environment for choice in CHOICES):
        environment["GOMP_SPINCOUNT"] = SPINS
