"""How long OpenMP's threads spin while they wait for each other. This decides the speed on a busy machine."""

import os
from collections.abc import MutableMapping

SPINS = "3000"
"""Looks at a lock before a thread goes to sleep. GNU's OpenMP takes 300,000, which is up to a millisecond: beside
another busy program it keeps a core from the very thread that all wait for. benchmarks/beside.py measures it."""

CHOICES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
"""Variables by which a user says it; one of them set leaves everything as it is."""


def spin_briefly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have threads that wait go to sleep soon, in this process and those that it starts.

    OpenMP reads the variable when it starts, so this comes before the first import of PyTorch, or does nothing.
    """
    if not any(choice in environment for choice in CHOICES):
        environment["GOMP_SPINCOUNT"] = SPINS
