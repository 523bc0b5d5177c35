"""Check the arguments that a config gives to a network's constructor."""

import inspect
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from torch import nn

from segnet.errors import UserError, first_line
from segnet.nearest import did_you_mean
from segnet.nn.budget import Budget

LARGEST, LONGEST = 4096, 64
"""The largest number and the longest list among a network's arguments."""
MOST_TENSORS, MOST_BYTES = 50_000, 2**32
"""The most tensors and bytes of a network's weights: ten times those of the largest network here."""


def construct(
    constructor: Callable[..., nn.Module], name: str, given: Mapping[str, Any], arguments: Mapping[str, Any]
) -> nn.Module:
    """Call ``constructor(**given, **arguments)``, and turn a mistake in ``arguments`` into an error of one line.

    Args:
        constructor: a class or function whose signature says which arguments there are, and their types.
        name: the network's name, for messages.
        given: arguments that a config may not set.
        arguments: plain data from a config.

    Raises:
        UserError: an argument is unknown, of a wrong type, or refused by the constructor.
    """
    check_arguments(constructor, name, arguments, given)
    try:
        with Budget(MOST_TENSORS, MOST_BYTES, f"model.name={name}"):
            return constructor(**given, **arguments)
    except (ValueError, TypeError, KeyError, IndexError, AssertionError, RuntimeError) as error:
        raise UserError(f"model.name={name} cannot be built with {dict(arguments)}: {first_line(error)}") from None


def check_arguments(
    constructor: Callable[..., nn.Module], name: str, arguments: Mapping[str, Any], reserved: Iterable[str]
) -> None:
    parameters = {
        key: parameter
        for key, parameter in inspect.signature(constructor).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and key not in set(reserved)
    }
    for key, value in arguments.items():
        if key not in parameters:
            raise UserError(f"model.{key}: {name} has no such argument; {choices(key, parameters)}")
        # The size is checked last, because a number that is not finite has its own message and a long list is not
        # printed.
        if not too_large(value) or is_not_finite(value):
            reason = mismatch(parameters[key].annotation, value)
            if reason:
                raise UserError(f"model.{key}={value!r}: {reason}")
        if too_large(value):
            raise UserError(
                f"model.{key}: a number over {LARGEST} or a list of over {LONGEST}, which no network here has"
            )


def too_large(value: Any) -> bool:
    """Whether plain data hold a number or a list that would make an endless network."""
    if isinstance(value, dict | list | tuple):
        values = value.values() if isinstance(value, dict) else value
        return len(value) > LONGEST or any(map(too_large, values))
    return isinstance(value, int | float) and not abs(value) <= LARGEST


def is_not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def mismatch(annotation: Any, value: Any) -> str | None:
    """Why ``value`` does not match ``annotation``; None if it does, or if ``annotation`` is no type of plain data."""
    try:
        # JSON lets a list stand for a tuple, but does not let "3" stand for 3.
        TypeAdapter(annotation).validate_json(json.dumps(value, allow_nan=False), strict=True)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    except PydanticUserError:
        return None
    except TypeError:
        return f"{type(value).__name__} is not plain data"
    except ValueError:
        return "has to be finite"
    return None


def choices(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the one that was probably meant, or all of them."""
    known = list(known)
    return did_you_mean(word, known) or (f"choose one of {', '.join(known)}" if known else "it takes none")
