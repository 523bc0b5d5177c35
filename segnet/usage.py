"""The command line's parser: a misspelt option or command gets the nearest one and the right usage line."""

import argparse
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NoReturn

from segnet.nearest import did_you_mean


class Parser(argparse.ArgumentParser):
    """A parser whose messages name the nearest option, and that takes arguments and options in any order.

    ``argparse`` looks for missing arguments first, and would not mention a misspelt ``--otu``. For an unknown option of
    ``segnet predict`` it shows the usage of ``segnet``. If ``--resume`` stands between two settings, it calls the
    second setting one too many.
    """

    completing = False
    """Whether a shell asks about an unfinished line, which argcomplete reads."""
    intermixing = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        if self.completing or self.intermixing:
            return super().parse_known_args(args, namespace)
        for option in self._own_options(args):
            # The beginning of a single option stands for that option.
            if not any(known.startswith(option) for known in self._option_string_actions):
                self.error(f"unknown option {option}{hint(option, self._option_string_actions)}")
        if self._subparsers:
            return super().parse_known_args(args, namespace)
        self.intermixing = True
        # Words after ``--`` are no options. The other way of parsing would forget that.
        parse = super().parse_known_args if "--" in args else self.parse_known_intermixed_args
        found, unknown = parse(args, namespace)
        if unknown:
            self.error(f"nothing more was expected, but there is {' '.join(unknown)}")
        return found, unknown

    def _own_options(self, words: Sequence[str]) -> Iterable[str]:
        """The options among ``words``. Those after a command's name belong to the command."""
        words = list(takewhile(lambda word: word != "--", words))
        if self._subparsers:
            words = list(takewhile(lambda word: word.startswith("-"), words))
        return (word.partition("=")[0] for word in words if word.startswith("--"))

    def refuse_command(self, command: str, commands: Iterable[str]) -> NoReturn:
        """End because there is no such command."""
        self.error(f"no command {command!r}{hint(command, commands)} (segnet --help lists them)")


def hint(word: str, known: Iterable[str]) -> str:
    question = did_you_mean(word, known)
    return f"; {question}" if question else ""
