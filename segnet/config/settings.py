"""What all settings share: strict models whose numbers are finite and have bounds."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, model_validator

from segnet.plain import problem_in

Channel = Annotated[int, Field(ge=0, le=255)]
"""A channel of a colour, or a label in a mask."""

MANY = 10**9
"""The upper bound of counts such as epochs and steps. A larger value could only be a slip."""


class Settings(BaseModel):
    """A part of a config. Every number is finite and bounded, so that no setting asks for endless memory or time."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def is_plain(cls, tree: Any) -> Any:
        if problem := problem_in(tree):
            raise ValueError(problem)
        return tree


def by_name(usual: str) -> Discriminator:
    """Chooses the model of a setting by the key ``name``, so that each kind accepts only its own keys.

    Args:
        usual: the kind of a setting without a name.
    """

    def kind(given: Any) -> Any:
        return given.get("name", usual) if isinstance(given, dict) else getattr(given, "name", None)

    return Discriminator(kind)
