"""The one error type that a user sees as a sentence without a traceback, and the quoting of other errors."""


class UserError(Exception):
    """A mistake in what the user gave: a file, a setting, a model.

    The message is one line that names what is wrong, where, what was expected and what to do.
    The command line prints it and ends with exit code 1.
    """

    def __str__(self) -> str:
        # A loader's worker process hands its error on as the text of a traceback, which ends with the sentence.
        return super().__str__().rsplit(f"{__name__}.{type(self).__name__}: ", 1)[-1].strip()


def first_line(error: BaseException) -> str:
    """What another program's error says, for a sentence: its first line, or its type where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
