"""The command line's parser: a misspelt option or command gets the nearest one and the right usage line."""

import argparse
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NoReturn

from segnet.nearest import did_you_mean


class Parser(argparse.ArgumentParser):
    """A parser whose messages name the nearest option, and that takes arguments and options in any order.

    ``argparse`` looks for missing arguments first, and so would not mention a misspelt ``--otu``. It shows the usage of
    ``segnet`` as a whole for an option of ``segnet predict`` that it does not know. And of ``--resume`` between two
    settings it would say that the second setting is one too many.
    """

    completing = False
    """A shell asks about a line that is not finished; argcomplete reads it."""
    intermixing = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        if self.completing or self.intermixing:
            return super().parse_known_args(args, namespace)
        for option in self._own_options(args):
            # A beginning that fits one option alone is short for it.
            if not any(known.startswith(option) for known in self._option_string_actions):
                self.error(f"unknown option {option}{hint(option, self._option_string_actions)}")
        if self._subparsers:
            return super().parse_known_args(args, namespace)
        self.intermixing = True
        # Words behind two dashes are no options; the other way of parsing would forget that.
        parse = super().parse_known_args if "--" in args else self.parse_known_intermixed_args
        found, unknown = parse(args, namespace)
        if unknown:
            self.error(f"nothing more was expected, but there is {' '.join(unknown)}")
        return found, unknown

    def _own_options(self, words: Sequence[str]) -> Iterable[str]:
        """The options among ``words``; those behind a command's name are that command's."""
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
