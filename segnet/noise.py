"""What libraries tell their own developers, kept off a command's terminal."""

import logging

CHATTY = ("lightning_fabric.utilities.rank_zero", "torch.utils.cpp_extension", "nncf")
"""Loggers of what asks nothing of the user: the precision that the config names, a compiler that is not needed."""


def quiet_libraries() -> None:
    """Let libraries log errors alone, for a command. A program that imports segnet keeps its own settings."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
