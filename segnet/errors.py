"""The one error type that a user sees as a sentence without a traceback, and the quoting of other errors."""


class UserError(Exception):
    """A mistake in the user's input: a file, a setting, a model.

    The message is one line that names what is wrong, where, what was expected and what to do.
    The command line prints it and ends with exit code 1.
    """

    def __str__(self) -> str:
        # A loader's worker process passes its error on as the text of a traceback, which ends with the message.
        return super().__str__().rsplit(f"{__name__}.{type(self).__name__}: ", 1)[-1].strip()


def first_line(error: BaseException) -> str:
    """The first line of another program's error, or its type if it has no text."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
